import { Alert, Button, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { type Schedule, useDeleteSchedule, useScheduleAction, useSchedules } from "@/api/pipelines";
import { asProblem } from "@/api/problem";
import { useAllowed } from "@/api/queries";
import { EditDialog, type Edited } from "@/form/EditDialog";
import { useTexts } from "@/i18n";
import { AppLink } from "@/shell/AppLink";
import { useTitle } from "@/shell/title";
import { CardTable } from "@/table/CardTable";
import { RowActions, RowSwitch } from "@/table/RowActions";
import { formatInZone } from "@/table/format";
import { ScheduleForm } from "./ScheduleForm";

/** Times at which pipelines are run. */
export default function SchedulesPage() {
  const { t } = useTexts();
  useTitle(t("nav.schedules"));
  const { pipeline } = useSearch({ strict: false }) as { pipeline?: string };
  const allowed = useAllowed();
  const { data, error } = useSchedules(pipeline);
  const [edited, setEdited] = useState<Edited<Schedule>>(null);
  const action = useScheduleAction();
  const remove = useDeleteSchedule();
  const failed = (problem: unknown) => notifications.show({ color: "red", message: asProblem(problem).detail });
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1}>{pipeline ? t("schedules.of", { name: pipeline }) : t("nav.schedules")}</Title>
        {allowed("create") && <Button onClick={() => setEdited("new")}>{t("schedules.add")}</Button>}
      </Group>
      {pipeline && <AppLink to={`/pipelines/${encodeURIComponent(pipeline)}`}>{t("schedules.open_pipeline")}</AppLink>}
      {error && <Alert color="red">{asProblem(error).detail}</Alert>}
      {!data && !error && <Skeleton height={120} />}
      {data?.items.length === 0 && <Text c="dimmed">{t("empty.schedules")}</Text>}
      {data && data.items.length > 0 && (
        <CardTable<Schedule>
          label={t("nav.schedules")}
          rows={data.items}
          columns={[
            { title: t("pipelines.name"), cell: (each) => each.name },
            {
              title: t("schedules.pipeline"),
              cell: (each) => <AppLink to={`/pipelines/${encodeURIComponent(each.pipeline)}`}>{each.pipeline}</AppLink>,
            },
            { title: t("schedules.cron"), cell: (each) => <Cron schedule={each} /> },
            { title: t("schedules.next"), cell: (each) => <NextTimes schedule={each} /> },
            {
              title: t("schedules.active"),
              cell: (each) => (
                <RowSwitch
                  name={each.name}
                  isOn={each.enabled}
                  onChange={(isOn) => action.mutate({ name: each.name, action: isOn ? "resume" : "pause" }, { onError: failed })}
                />
              ),
            },
            {
              title: t("action.more"),
              actions: true,
              cell: (each) => (
                <RowActions
                  name={each.name}
                  sure={t("schedules.delete_sure")}
                  onEdit={() => setEdited(each)}
                  onDelete={() => remove.mutate(each.name, { onError: failed })}
                />
              ),
            },
          ]}
        />
      )}
      <EditDialog edited={edited} title={t("schedules.add")} onClose={() => setEdited(null)}>
        {(schedule) => <ScheduleForm schedule={schedule} pipeline={pipeline} onDone={() => setEdited(null)} />}
      </EditDialog>
    </Stack>
  );
}

function Cron({ schedule }: { schedule: Schedule }) {
  return (
    <div>
      <Text ff="monospace" fz="sm">
        {schedule.cron}
      </Text>
      <Text fz="xs" c="dimmed">
        {schedule.time_zone}
      </Text>
    </div>
  );
}

function NextTimes({ schedule: { times, time_zone } }: { schedule: Schedule }) {
  const { t } = useTexts();
  if (times.length === 0) return t("schedules.paused");
  return (
    <div>
      <Text fz="sm">{formatInZone(times[0], time_zone)}</Text>
      <Text fz="xs" c="dimmed">
        {t("schedules.then", { times: times.slice(1, 3).map((time) => formatInZone(time, time_zone)).join(", ") })}
      </Text>
    </div>
  );
}
