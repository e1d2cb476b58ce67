import { Autocomplete, Checkbox, Group, NumberInput, Select, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { type Rule, useChangeRule, useChannels, useCreateRule } from "@/api/notifications";
import { usePipelines } from "@/api/pipelines";
import { FormEnd, problemOfForm } from "@/form/FormEnd";
import { useTexts } from "@/i18n";

/** Which events of which runs a channel is told of. */
export function RuleForm({ rule, onDone }: { rule: Rule | null; onDone: () => void }) {
  const { t } = useTexts();
  const { data: known } = useChannels();
  const { data: pipelines } = usePipelines();
  const [name, setName] = useState(rule?.name ?? "");
  const [channel, setChannel] = useState(rule?.channel ?? "");
  const [fallback, setFallback] = useState(rule?.fallback ?? "");
  const [events, setEvents] = useState<string[]>(rule?.events ?? ["run.failed"]);
  const [pipeline, setPipeline] = useState<string | null>(rule?.condition.pipeline ?? null);
  const [digest, setDigest] = useState<number | string>((rule?.digest_seconds ?? 0) / 60);
  const create = useCreateRule();
  const change = useChangeRule();
  const save = rule ? change : create;
  const [problem, of] = problemOfForm(save.error);
  const send = (event: FormEvent) => {
    event.preventDefault();
    const { pipeline: _, ...further } = rule?.condition ?? {};
    save.mutate(
      {
        name,
        channel,
        fallback: fallback || (rule ? "" : null),
        events,
        digest_seconds: Math.round(Number(digest) * 60),
        condition: { ...further, ...(pipeline ? { pipeline } : {}) },
      },
      { onSuccess: onDone },
    );
  };
  const places = ["name", "channel", "fallback", "events", "digest_seconds"];
  return (
    <form onSubmit={send}>
      <Stack>
        <TextInput required data-autofocus={rule ? undefined : true} disabled={rule !== null} label={t("pipelines.name")} value={name} onChange={(event) => setName(event.currentTarget.value)} error={of("name")} />
        <Checkbox.Group label={t("notify.events")} value={events} onChange={setEvents} error={of("events")} required>
          <Group mt={4}>
            {(known?.events ?? []).map((each) => (
              <Checkbox key={each} value={each} label={t(`event.${each}` as "event.run.failed")} />
            ))}
          </Group>
        </Checkbox.Group>
        <Select
          clearable
          searchable
          clearButtonProps={{ "aria-label": t("form.clear") }}
          label={t("notify.of_pipeline")}
          placeholder={t("notify.all_runs")}
          data={[...new Set([...(pipelines?.items.map((each) => each.name) ?? []), ...(pipeline ? [pipeline] : [])])]}
          value={pipeline}
          onChange={setPipeline}
        />
        <Group grow align="flex-start">
          <Autocomplete required label={t("notify.channel")} description={t("notify.channel_help")} data={known?.channels ?? []} value={channel} onChange={setChannel} error={of("channel")} />
          <Autocomplete label={t("notify.fallback")} description={t("notify.fallback_help")} data={known?.channels ?? []} value={fallback} onChange={setFallback} error={of("fallback")} />
        </Group>
        <NumberInput min={0} max={10_080} label={t("notify.digest_minutes")} description={t("notify.digest_help")} value={digest} onChange={setDigest} error={of("digest_seconds")} />
        <FormEnd problem={problem} places={places} isPending={save.isPending} onCancel={onDone} />
      </Stack>
    </form>
  );
}
