import { Alert, Button, Code, Group, Modal, Skeleton, Stack, Switch, Table, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { type Rule, useChangeRule, useChannels, useDeleteRule, useRules, useTestChannel } from "@/api/notifications";
import { asProblem } from "@/api/problem";
import { useAllowed } from "@/api/queries";
import { useTexts } from "@/i18n";
import { useTitle } from "@/shell/title";
import { useConfirm } from "@/shell/useConfirm";
import { formatDuration } from "@/table/format";
import { Notices } from "./Notices";
import { RuleForm } from "./RuleForm";

/** Who is told of what: rules, channels, and the notices that were made. */
export default function NotificationsPage() {
  const { t } = useTexts();
  useTitle(t("nav.notifications"));
  const allowed = useAllowed();
  const rules = useRules();
  const [edited, setEdited] = useState<Rule | "new" | null>(null);
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
      <Modal
        opened={edited !== null}
        onClose={() => setEdited(null)}
        title={edited === "new" || edited === null ? t("notify.add") : edited.name}
        size="lg"
        closeButtonProps={{ "aria-label": t("action.close") }}
      >
        {edited && <RuleForm rule={edited === "new" ? null : edited} onDone={() => setEdited(null)} />}
      </Modal>
    </Stack>
  );
}

function Rules({ rules, onEdit }: { rules: Rule[]; onEdit: (rule: Rule) => void }) {
  const { t, language } = useTexts();
  const allowed = useAllowed();
  const change = useChangeRule();
  const remove = useDeleteRule();
  const [confirm, ask] = useConfirm();
  const failed = (problem: unknown) => notifications.show({ color: "red", message: asProblem(problem).detail });
  const told = ({ condition }: Rule) =>
    Object.entries(condition)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([fact, value]) => `${t(`notify.of_${fact}` as "notify.of_pipeline")}: ${value}`)
      .join(", ") || t("notify.all_runs");
  return (
    <>
      {confirm}
      <Table.ScrollContainer minWidth={720} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table aria-label={t("notify.rules")} verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{t("pipelines.name")}</Table.Th>
              <Table.Th scope="col">{t("notify.events")}</Table.Th>
              <Table.Th scope="col">{t("notify.runs")}</Table.Th>
              <Table.Th scope="col">{t("notify.channel")}</Table.Th>
              <Table.Th scope="col">{t("notify.digest")}</Table.Th>
              <Table.Th scope="col">{t("schedules.active")}</Table.Th>
              <Table.Th scope="col">{t("action.more")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rules.map((each) => (
              <Table.Tr key={each.id}>
                <Table.Td>{each.name}</Table.Td>
                <Table.Td>{each.events.map((event) => t(`event.${event}` as "event.run.failed")).join(", ")}</Table.Td>
                <Table.Td>{told(each)}</Table.Td>
                <Table.Td>
                  {each.channel}
                  {each.fallback && (
                    <Text fz="xs" c="dimmed">
                      {t("notify.else", { channel: each.fallback })}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td>{each.digest_seconds ? formatDuration(each.digest_seconds, language) : t("notify.at_once")}</Table.Td>
                <Table.Td>
                  <Switch
                    aria-label={`${t("schedules.active")}: ${each.name}`}
                    checked={each.enabled}
                    disabled={!allowed("change")}
                    onChange={(event) => change.mutate({ name: each.name, enabled: event.currentTarget.checked }, { onError: failed })}
                  />
                </Table.Td>
                <Table.Td>
                  <Group gap="xs" wrap="nowrap">
                    {allowed("change") && (
                      <Button size="compact-xs" variant="default" aria-label={`${t("action.edit")}: ${each.name}`} onClick={() => onEdit(each)}>
                        {t("action.edit")}
                      </Button>
                    )}
                    {allowed("trash") && (
                      <Button
                        size="compact-xs"
                        variant="default"
                        aria-label={`${t("schedules.delete")}: ${each.name}`}
                        onClick={() =>
                          ask({ title: t("schedules.delete"), text: t("notify.delete_sure"), act: () => remove.mutate(each.name, { onError: failed }) })
                        }
                      >
                        {t("schedules.delete")}
                      </Button>
                    )}
                  </Group>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </>
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
          {t("notify.no_channels")} <Code>ENSTORAGE_NOTIFY_OPS=mailtos://…</Code>
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
