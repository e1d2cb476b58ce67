import { Stack, Text, Title } from "@mantine/core";
import { type Notice, useNotices } from "@/api/notifications";
import { useTexts } from "@/i18n";
import { AppLink } from "@/shell/AppLink";
import { CardTable } from "@/table/CardTable";
import { formatTime } from "@/table/format";

/** The latest notices, with what became of them. */
export function Notices() {
  const { t, label, language } = useTexts();
  const { data } = useNotices();
  if (!data) return null;
  return (
    <Stack gap="xs" component="section" aria-label={t("notify.notices")}>
      <Title order={2}>{t("notify.notices")}</Title>
      {data.items.length === 0 ? (
        <Text c="dimmed">{t("notify.no_notices")}</Text>
      ) : (
        <CardTable<Notice>
          label={t("notify.notices")}
          rows={data.items}
          columns={[
            {
              title: t("runs.run"),
              cell: (each) => (
                <AppLink to={`/runs/${each.run_id}`}>
                  {label(String(each.data.title ?? ""))} ({each.run_id})
                </AppLink>
              ),
            },
            { title: t("notify.event"), cell: (each) => t(`event.${each.event}` as "event.run.failed") },
            { title: t("notify.rule"), cell: (each) => each.rule },
            { title: t("runs.state"), cell: (each) => <Outcome notice={each} /> },
            { title: t("notify.when"), oneLine: true, cell: (each) => formatTime(each.sent_at ?? each.due_at, language) },
          ]}
        />
      )}
    </Stack>
  );
}

function Outcome({ notice }: { notice: Notice }) {
  const { t } = useTexts();
  return (
    <div>
      {notice.state === "sent"
        ? t("notify.sent", { channel: notice.channel ?? "" })
        : t(`notify.state_${notice.state.replace(" ", "_")}` as "notify.state_waiting")}
      {notice.error && (
        <Text fz="xs" c="var(--mantine-color-error)" style={{ overflowWrap: "anywhere" }} lineClamp={3}>
          {String(notice.error.detail ?? "")}
        </Text>
      )}
    </div>
  );
}
