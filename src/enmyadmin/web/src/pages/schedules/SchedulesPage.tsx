import { Alert, Button, Group, Modal, Skeleton, Stack, Switch, Table, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { type Schedule, useDeleteSchedule, useScheduleAction, useSchedules } from "@/api/pipelines";
import { asProblem } from "@/api/problem";
import { useAllowed } from "@/api/queries";
import { useTexts } from "@/i18n";
import { AppLink } from "@/shell/AppLink";
import { useTitle } from "@/shell/title";
import { useConfirm } from "@/shell/useConfirm";
import { formatInZone } from "@/table/format";
import { ScheduleForm } from "./ScheduleForm";

/** Times at which pipelines are run. */
export default function SchedulesPage() {
  const { t } = useTexts();
  useTitle(t("nav.schedules"));
  const { pipeline } = useSearch({ strict: false }) as { pipeline?: string };
  const allowed = useAllowed();
  const { data, error } = useSchedules(pipeline);
  const [edited, setEdited] = useState<Schedule | "new" | null>(null);
  const [confirm, ask] = useConfirm();
  const action = useScheduleAction();
  const remove = useDeleteSchedule();
  const failed = (problem: unknown) => notifications.show({ color: "red", message: asProblem(problem).detail });
  return (
    <Stack>
      {confirm}
      <Group justify="space-between">
        <Title order={1}>{pipeline ? t("schedules.of", { name: pipeline }) : t("nav.schedules")}</Title>
        {allowed("create") && <Button onClick={() => setEdited("new")}>{t("schedules.add")}</Button>}
      </Group>
      {pipeline && <AppLink to={`/pipelines/${encodeURIComponent(pipeline)}`}>{t("schedules.open_pipeline")}</AppLink>}
      {error && <Alert color="red">{asProblem(error).detail}</Alert>}
      {!data && !error && <Skeleton height={120} />}
      {data?.items.length === 0 && <Text c="dimmed">{t("empty.schedules")}</Text>}
      {data && data.items.length > 0 && (
        <Table.ScrollContainer minWidth={720} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
          <Table aria-label={t("nav.schedules")} verticalSpacing={6}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">{t("pipelines.name")}</Table.Th>
                <Table.Th scope="col">{t("schedules.pipeline")}</Table.Th>
                <Table.Th scope="col">{t("schedules.cron")}</Table.Th>
                <Table.Th scope="col">{t("schedules.next")}</Table.Th>
                <Table.Th scope="col">{t("schedules.active")}</Table.Th>
                <Table.Th scope="col">{t("action.more")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {data.items.map((each) => (
                <Table.Tr key={each.id}>
                  <Table.Td>{each.name}</Table.Td>
                  <Table.Td>
                    <AppLink to={`/pipelines/${encodeURIComponent(each.pipeline)}`}>{each.pipeline}</AppLink>
                  </Table.Td>
                  <Table.Td>
                    <Text ff="monospace" fz="sm">
                      {each.cron}
                    </Text>
                    <Text fz="xs" c="dimmed">
                      {each.time_zone}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    {each.times.length === 0 ? (
                      t("schedules.paused")
                    ) : (
                      <>
                        <Text fz="sm">{formatInZone(each.times[0], each.time_zone)}</Text>
                        <Text fz="xs" c="dimmed">
                          {t("schedules.then", { times: each.times.slice(1, 3).map((time) => formatInZone(time, each.time_zone)).join(", ") })}
                        </Text>
                      </>
                    )}
                  </Table.Td>
                  <Table.Td>
                    <Switch
                      aria-label={`${t("schedules.active")}: ${each.name}`}
                      checked={each.enabled}
                      disabled={!allowed("change")}
                      onChange={(event) =>
                        action.mutate({ name: each.name, action: event.currentTarget.checked ? "resume" : "pause" }, { onError: failed })
                      }
                    />
                  </Table.Td>
                  <Table.Td>
                    <Group gap="xs" wrap="nowrap">
                      {allowed("change") && (
                        <Button size="compact-xs" variant="default" onClick={() => setEdited(each)} aria-label={`${t("action.edit")}: ${each.name}`}>
                          {t("action.edit")}
                        </Button>
                      )}
                      {allowed("trash") && (
                        <Button
                          size="compact-xs"
                          variant="default"
                          aria-label={`${t("schedules.delete")}: ${each.name}`}
                          onClick={() =>
                            ask({
                              title: t("schedules.delete"),
                              text: t("schedules.delete_sure"),
                              act: () => remove.mutate(each.name, { onError: failed }),
                            })
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
      )}
      <Modal
        opened={edited !== null}
        onClose={() => setEdited(null)}
        title={edited === "new" || edited === null ? t("schedules.add") : edited.name}
        size="lg"
        closeButtonProps={{ "aria-label": t("action.close") }}
      >
        {edited && <ScheduleForm schedule={edited === "new" ? null : edited} pipeline={pipeline} onDone={() => setEdited(null)} />}
      </Modal>
    </Stack>
  );
}
