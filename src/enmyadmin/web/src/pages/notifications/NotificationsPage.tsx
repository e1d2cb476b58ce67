import { Alert, Button, Code, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { type Rule, useChangeRule, useChannels, useDeleteRule, useRules, useTestChannel } from "@/api/notifications";
import { asProblem } from "@/api/problem";
import { useAllowed } from "@/api/queries";
import { EditDialog, type Edited } from "@/form/EditDialog";
import { useTexts } from "@/i18n";
import { useTitle } from "@/shell/title";
import { CardTable } from "@/table/CardTable";
import { RowActions, RowSwitch } from "@/table/RowActions";
import { formatDuration } from "@/table/format";
import { Notices } from "./Notices";
import { RuleForm } from "./RuleForm";

/** Who is told of what: rules, channels, and the notices that were made. */
export default function NotificationsPage() {
  const { t } = useTexts();
  useTitle(t("nav.notifications"));
  const allowed = useAllowed();
  const rules = useRules();
  const [edited, setEdited] = useState<Edited<Rule>>(null);
  return (
    <Stack gap="lg">
      <Group justify="space-between">
        <Title order={1}>{t("nav.notifications")}</Title>
        {allowed("create") && <Button onClick={() => setEdited("new")}>{t("notify.add")}</Button>}
      </Group>
      <Text c="dimmed">{t("notify.about")}</Text>
      {rules.error && <Alert color="red">{asProblem(rules.error).detail}</Alert>}
      {!rules.data && !rules.error && <Skeleton height={120} />}
      {rules.data?.items.length === 0 && <Text c="dimmed">{t("empty.rules")}</Text>}
      {rules.data && rules.data.items.length > 0 && <Rules rules={rules.data.items} onEdit={setEdited} />}
      <Channels />
      <Notices />
      <EditDialog edited={edited} title={t("notify.add")} onClose={() => setEdited(null)}>
        {(rule) => <RuleForm rule={rule} onDone={() => setEdited(null)} />}
      </EditDialog>
    </Stack>
  );
}

function Rules({ rules, onEdit }: { rules: Rule[]; onEdit: (rule: Rule) => void }) {
  const { t, language } = useTexts();
  const change = useChangeRule();
  const remove = useDeleteRule();
  const failed = (problem: unknown) => notifications.show({ color: "red", message: asProblem(problem).detail });
  const told = ({ condition }: Rule) =>
    Object.entries(condition)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([fact, value]) => `${t(`notify.of_${fact}` as "notify.of_pipeline")}: ${value}`)
      .join(", ") || t("notify.all_runs");
  return (
    <CardTable<Rule>
      label={t("notify.rules")}
      rows={rules}
      columns={[
        { title: t("pipelines.name"), cell: (each) => each.name },
        { title: t("notify.events"), cell: (each) => each.events.map((event) => t(`event.${event}` as "event.run.failed")).join(", ") },
        { title: t("notify.runs"), cell: told },
        {
          title: t("notify.channel"),
          cell: (each) => (each.fallback ? `${each.channel}, ${t("notify.else", { channel: each.fallback })}` : each.channel),
        },
        {
          title: t("notify.digest"),
          cell: (each) => (each.digest_seconds ? formatDuration(each.digest_seconds, language) : t("notify.at_once")),
        },
        {
          title: t("schedules.active"),
          cell: (each) => (
            <RowSwitch
              name={each.name}
              isOn={each.enabled}
              onChange={(enabled) => change.mutate({ name: each.name, enabled }, { onError: failed })}
            />
          ),
        },
        {
          title: t("action.more"),
          actions: true,
          cell: (each) => (
            <RowActions
              name={each.name}
              sure={t("notify.delete_sure")}
              onEdit={() => onEdit(each)}
              onDelete={() => remove.mutate(each.name, { onError: failed })}
            />
          ),
        },
      ]}
    />
  );
}

function Channels() {
  const { t } = useTexts();
  const allowed = useAllowed();
  const { data } = useChannels();
  const test = useTestChannel();
  if (!data) return null;
  const show = (color: string, message: string) => notifications.show({ color, message });
  return (
    <Stack gap="xs" component="section" aria-label={t("notify.channels")}>
      <Title order={2}>{t("notify.channels")}</Title>
      {data.channels.length === 0 ? (
        <Text>
          {t("notify.no_channels")} <Code style={{ whiteSpace: "normal", overflowWrap: "anywhere" }}>ENSTORAGE_NOTIFY_OPS=mailtos://…</Code>
        </Text>
      ) : (
        data.channels.map((each) => (
          <Group key={each} gap="sm">
            <Text fw={500}>{each}</Text>
            {allowed("run") && (
              <Button
                size="compact-xs"
                variant="default"
                aria-label={`${t("notify.test")}: ${each}`}
                loading={test.isPending && test.variables === each}
                onClick={() =>
                  test.mutate(each, {
                    onSuccess: () => show("green", t("notify.tested", { channel: each })),
                    onError: (problem) => show("red", asProblem(problem).detail),
                  })
                }
              >
                {t("notify.test")}
              </Button>
            )}
          </Group>
        ))
      )}
    </Stack>
  );
}
