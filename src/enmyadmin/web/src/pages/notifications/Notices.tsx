import { Stack, Table, Text, Title } from "@mantine/core";
import { useNotices } from "@/api/notifications";
import { useTexts } from "@/i18n";
import { AppLink } from "@/shell/AppLink";
import { formatTime } from "@/table/format";

/** The latest notices, with what became of them. */
export function Notices() {
  const { t, language } = useTexts();
  const { data } = useNotices();
  if (!data) return null;
  return (
    <Stack gap="xs" component="section" aria-label={t("notify.notices")}>
      <Title order={2}>{t("notify.notices")}</Title>
      {data.items.length === 0 ? (
        <Text c="dimmed">{t("notify.no_notices")}</Text>
      ) : (
        <Table.ScrollContainer minWidth={640} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
          <Table aria-label={t("notify.notices")} verticalSpacing={4}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">{t("runs.run")}</Table.Th>
                <Table.Th scope="col">{t("notify.event")}</Table.Th>
                <Table.Th scope="col">{t("notify.rule")}</Table.Th>
                <Table.Th scope="col">{t("runs.state")}</Table.Th>
                <Table.Th scope="col">{t("notify.when")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {data.items.map((each) => (
                <Table.Tr key={each.id}>
                  <Table.Td>
                    <AppLink to={`/runs/${each.run_id}`}>
                      {String(each.data.title ?? "")} ({each.run_id})
                    </AppLink>
                  </Table.Td>
                  <Table.Td>{t(`event.${each.event}` as "event.run.failed")}</Table.Td>
                  <Table.Td>{each.rule}</Table.Td>
                  <Table.Td>
                    {each.state === "sent" ? t("notify.sent", { channel: each.channel ?? "" }) : t(`notify.state_${each.state.replace(" ", "_")}` as "notify.state_waiting")}
                    {each.error && (
                      <Text fz="xs" c="var(--mantine-color-error)" style={{ overflowWrap: "anywhere" }} lineClamp={3}>
                        {String(each.error.detail ?? "")}
                      </Text>
                    )}
                  </Table.Td>
                  <Table.Td style={{ whiteSpace: "nowrap" }}>{formatTime(each.sent_at ?? each.due_at, language)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Stack>
  );
}
