import { Group, Skeleton, Stack, Table, Text, Title } from "@mantine/core";
import { usePipelines } from "@/api/pipelines";
import { useAllowed } from "@/api/queries";
import { useTexts } from "@/i18n";
import { AppLink, LinkButton } from "@/shell/AppLink";
import { useTitle } from "@/shell/title";
import { formatTime } from "@/table/format";

/** All pipelines, each in its latest version. */
export default function PipelinesPage() {
  const { t, language } = useTexts();
  useTitle(t("nav.pipelines"));
  const allowed = useAllowed();
  const { data } = usePipelines();
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1}>{t("nav.pipelines")}</Title>
        {allowed("create") && <LinkButton to="/pipelines/new">{t("pipelines.new")}</LinkButton>}
      </Group>
      <Text c="dimmed">{t("pipelines.about")}</Text>
      {!data && <Skeleton height={120} />}
      {data?.items.length === 0 && <Text c="dimmed">{t("empty.pipelines")}</Text>}
      {data && data.items.length > 0 && (
        <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
          <Table aria-label={t("nav.pipelines")} verticalSpacing={6} highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">{t("pipelines.name")}</Table.Th>
                <Table.Th scope="col" className="number">
                  {t("pipelines.steps")}
                </Table.Th>
                <Table.Th scope="col" className="number">
                  {t("pipelines.version")}
                </Table.Th>
                <Table.Th scope="col">{t("pipelines.saved")}</Table.Th>
                <Table.Th scope="col">{t("runs.by")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {data.items.map((each) => (
                <Table.Tr key={each.id}>
                  <Table.Td>
                    <AppLink to={`/pipelines/${encodeURIComponent(each.name)}`}>{each.name}</AppLink>
                    {each.description && (
                      <Text fz="xs" c="dimmed" lineClamp={2}>
                        {each.description}
                      </Text>
                    )}
                  </Table.Td>
                  <Table.Td className="number">{Object.keys(each.definition.steps).length}</Table.Td>
                  <Table.Td className="number">{each.version}</Table.Td>
                  <Table.Td>{formatTime(each.created_at, language)}</Table.Td>
                  <Table.Td>{each.created_by || "–"}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Stack>
  );
}
