import { Stack, Table, Text, Title } from "@mantine/core";
import type { Schemas } from "@/api/types";
import { useTexts } from "@/i18n";
import { formatTime } from "@/table/format";
import { Spark } from "./Spark";

const SHOWN = 12;

/** The series that were found in the file. */
export function FoundSeries({ series }: { series: Schemas["UnderstoodSeries"][] }) {
  const { t, language } = useTexts();
  return (
    <Stack gap="xs" component="section" aria-label={t("forecast.series")}>
      <Title order={3}>{t("forecast.series_count", { n: series.length })}</Title>
      <Table.ScrollContainer minWidth={480} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table verticalSpacing={3} aria-label={t("forecast.series")} fz="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{t("forecast.key")}</Table.Th>
              <Table.Th scope="col">{t("figure.interval")}</Table.Th>
              <Table.Th scope="col" className="number">
                {t("figure.rows")}
              </Table.Th>
              <Table.Th scope="col">{t("forecast.period")}</Table.Th>
              <Table.Th scope="col" aria-hidden />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {series.slice(0, SHOWN).map((each) => (
              <Table.Tr key={each.key}>
                <Table.Th scope="row" fw={500} style={{ overflowWrap: "anywhere", minWidth: "7rem" }}>
                  {each.key}
                </Table.Th>
                <Table.Td>{each.time_interval ?? t("forecast.as_points")}</Table.Td>
                <Table.Td className="number">{each.rows.toLocaleString(language)}</Table.Td>
                <Table.Td style={{ whiteSpace: "nowrap" }}>
                  {formatTime(each.first, language)} – {formatTime(each.last, language)}
                </Table.Td>
                <Table.Td aria-hidden>
                  <Spark values={each.tail} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {series.length > SHOWN && (
        <Text fz="sm" c="dimmed">
          {t("forecast.more_series", { n: series.length - SHOWN })}
        </Text>
      )}
    </Stack>
  );
}
