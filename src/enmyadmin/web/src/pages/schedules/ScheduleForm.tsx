import { Autocomplete, Fieldset, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { type FormEvent, useState } from "react";
import {
  type Schedule,
  fieldsOfParameters,
  useChangeSchedule,
  useCreateSchedule,
  usePipelines,
  useTimes,
} from "@/api/pipelines";
import { asProblem } from "@/api/problem";
import { FieldInput } from "@/form/FieldInput";
import { FormEnd, problemOfForm } from "@/form/FormEnd";
import type { Values } from "@/form/SchemaForm";
import { useTexts } from "@/i18n";
import { formatInZone } from "@/table/format";

const ZONES = Intl.supportedValuesOf("timeZone");

interface Properties {
  /** null for a new one. */
  schedule: Schedule | null;
  /** That a new one is for. */
  pipeline?: string;
  onDone: () => void;
}

/** When a pipeline is run and with what; shows the next times while they are written. */
export function ScheduleForm({ schedule, pipeline: given, onDone }: Properties) {
  const { t } = useTexts();
  const { data: pipelines } = usePipelines();
  const [name, setName] = useState(schedule?.name ?? "");
  const [pipeline, setPipeline] = useState<string | null>(schedule?.pipeline ?? given ?? null);
  const [cron, setCron] = useState(schedule?.cron ?? "0 6 * * *");
  const [zone, setZone] = useState(schedule?.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC");
  const [misfire, setMisfire] = useState(schedule?.misfire ?? "once");
  const [parameters, setParameters] = useState<Values>(schedule?.parameters ?? {});
  const [wanted] = useDebouncedValue(`${cron}|${zone}`, 300);
  const [wantedCron, wantedZone] = wanted.split("|");
  const times = useTimes(wantedCron, wantedZone);
  const create = useCreateSchedule();
  const change = useChangeSchedule();
  const save = schedule ? change : create;
  const [problem, of] = problemOfForm(save.error);
  const wrongTime = times.error ? asProblem(times.error) : null;
  const definition = pipelines?.items.find((each) => each.name === pipeline)?.definition;
  const fields = fieldsOfParameters(definition?.parameters);
  const places = ["name", "pipeline", "cron", "time_zone", ...fields.map((each) => each.name)];
  const send = (event: FormEvent) => {
    event.preventDefault();
    const filled = Object.fromEntries(Object.entries(parameters).filter(([key, value]) => value !== undefined && value !== "" && fields.some((each) => each.name === key)));
    save.mutate(
      { name, pipeline: pipeline ?? "", cron, time_zone: zone, misfire, parameters: filled },
      { onSuccess: onDone },
    );
  };
  return (
    <form onSubmit={send}>
      <Stack>
        <TextInput required data-autofocus={schedule ? undefined : true} disabled={schedule !== null} label={t("pipelines.name")} value={name} onChange={(event) => setName(event.currentTarget.value)} error={of("name")} />
        <Select
          required
          searchable
          disabled={schedule !== null}
          label={t("schedules.pipeline")}
          data={pipelines?.items.map((each) => each.name) ?? []}
          value={pipeline}
          onChange={setPipeline}
          error={of("pipeline")}
        />
        <Group grow align="flex-start">
          <TextInput
            required
            label={t("schedules.cron")}
            description={t("schedules.cron_help")}
            value={cron}
            onChange={(event) => setCron(event.currentTarget.value)}
            error={wrongTime?.field === "cron" ? wrongTime.detail : of("cron")}
            styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          />
          <Autocomplete
            required
            label={t("schedules.zone")}
            description={t("schedules.zone_help")}
            data={ZONES}
            limit={50}
            value={zone}
            onChange={setZone}
            error={wrongTime?.field === "time_zone" ? wrongTime.detail : of("time_zone")}
          />
        </Group>
        <Text fz="sm" role="status">
          {times.data && !times.error && t("schedules.would", { times: times.data.items.slice(0, 3).map((each) => formatInZone(each, wantedZone)).join(" · ") })}
        </Text>
        <Select
          label={t("schedules.misfire")}
          allowDeselect={false}
          data={[
            { value: "once", label: t("schedules.misfire_once") },
            { value: "skip", label: t("schedules.misfire_skip") },
          ]}
          value={misfire}
          onChange={(next) => setMisfire(next ?? "once")}
        />
        {fields.length > 0 && (
          <Fieldset legend={t("pipelines.parameters")}>
            <Stack>
              {fields.map((field) => (
                <FieldInput
                  key={field.name}
                  field={field}
                  value={parameters[field.name]}
                  onChange={(value) => setParameters((all) => ({ ...all, [field.name]: value }))}
                  onLeave={() => undefined}
                  error={of(field.name)}
                />
              ))}
            </Stack>
          </Fieldset>
        )}
        <FormEnd problem={problem} places={places} isPending={save.isPending} onCancel={onDone} />
      </Stack>
    </form>
  );
}
