import { Anchor, Box, Table } from "@mantine/core";
import { useState } from "react";
import { useTexts } from "@/i18n";
import { decimalsFor, formatPlace } from "@/table/format";
import type { ChartData } from "./data";

const STEP = 100;

/** The points of a chart as a table: a canvas says nothing to a screen reader. */
export function ChartTable({ label, data }: { label: string; data: ChartData }) {
  const { t } = useTexts();
  const [opened, setOpened] = useState(false);
  return (
    <Box component="details" fz="sm" mt={4} onToggle={(event) => setOpened(event.currentTarget.open)}>
      <summary style={{ cursor: "pointer", width: "fit-content" }}>{t("chart.table")}</summary>
      {opened && <Rows label={label} data={data} />}
    </Box>
  );
}

function Rows({ label, data }: { label: string; data: ChartData }) {
  const { t, language } = useTexts();
  const [shown, setShown] = useState(STEP);
  const columns = [
    ...data.lines.map((each) => ({ label: each.label, values: each.values })),
    ...data.bands.flatMap((each) => [
      { label: `${each.label}, ${t("chart.lower")}`, values: each.lower },
      { label: `${each.label}, ${t("chart.upper")}`, values: each.upper },
    ]),
  ].map((each) => ({ ...each, decimals: decimalsFor(each.values) }));
  return (
    <Box mah={320} style={{ overflow: "auto" }} tabIndex={0} role="region" aria-label={t("chart.table_of", { what: label })}>
      <Table stickyHeader verticalSpacing={2} fz="sm" w="auto">
        <Table.Caption>{data.unit ? `${label}, ${data.unit}` : label}</Table.Caption>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{t("chart.time")}</Table.Th>
            {columns.map((each) => (
              <Table.Th key={each.label} scope="col" className="number">
                {each.label}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {data.time.slice(0, shown).map((time, row) => (
            <Table.Tr key={time}>
              <Table.Td>{formatPlace(time, data.timeZone)}</Table.Td>
              {columns.map(({ label: column, values, decimals }) => (
                <Table.Td key={column} className="number">
                  {values[row]?.toLocaleString(language, {
                    minimumFractionDigits: decimals,
                    maximumFractionDigits: decimals,
                  }) ?? "–"}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {shown < data.time.length && (
        <Anchor component="button" type="button" fz="sm" onClick={() => setShown(shown + STEP)}>
          {t("panel.more")}
        </Anchor>
      )}
    </Box>
  );
}
