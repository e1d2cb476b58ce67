import { Box, Table, Title } from "@mantine/core";
import { usePart } from "@/api/queries";
import { type SeriesAnswer, bandsOf } from "@/chart/data";
import { useTexts } from "@/i18n";
import { decimalsFor, formatPlace } from "@/table/format";

/** Points that are asked for at most, in pixels of a chart. */
const WIDTH = 10_000;

/** The forecasts of a series: each step with its time and its intervals. */
export function StepsTable({ model, source, label }: { model: number; source: number; label: string }) {
  const { t, language } = useTexts();
  const steps = usePart<SeriesAnswer>("models", model, "ahead", { series: source, history: "0", width: WIDTH }).data;
  if (!steps?.forecast) return null;
  const first = steps.forecast.findIndex((each) => each !== null);
  const bands = bandsOf(steps.quantiles ?? {});
  const decimals = decimalsFor(steps.forecast);
  const figure = (value: number | null | undefined) =>
    value?.toLocaleString(language, { minimumFractionDigits: decimals, maximumFractionDigits: decimals }) ?? "–";
  return (
    <Box component="section" aria-label={t("forecast.steps")}>
      <Title order={2} mb="xs">
        {t("forecast.steps")}
      </Title>
      <Box mah={380} style={{ overflow: "auto" }} tabIndex={0} role="region" aria-label={t("chart.table_of", { what: label })}>
        <Table stickyHeader verticalSpacing={3} fz="sm" w="auto" aria-label={label}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col" className="number">
                {t("forecast.step")}
              </Table.Th>
              <Table.Th scope="col">{t("chart.time")}</Table.Th>
              <Table.Th scope="col" className="number">
                {steps.unit ? `${t("chart.forecast")}, ${steps.unit}` : t("chart.forecast")}
              </Table.Th>
              {bands.map(({ level }) => (
                <Table.Th key={level} scope="col" className="number">
                  {t("chart.level", { level })}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {steps.time.slice(first).map((time, row) => (
              <Table.Tr key={time}>
                <Table.Td className="number">{row + 1}</Table.Td>
                <Table.Td style={{ whiteSpace: "nowrap" }}>{formatPlace(time, steps.is_counter ? null : steps.time_zone)}</Table.Td>
                <Table.Td className="number" fw={600}>
                  {figure(steps.forecast?.[first + row])}
                </Table.Td>
                {bands.map(({ level, lower, upper }) => (
                  <Table.Td key={level} className="number">
                    {figure(lower[first + row])} … {figure(upper[first + row])}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Box>
    </Box>
  );
}
