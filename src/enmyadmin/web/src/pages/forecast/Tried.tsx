import { Table } from "@mantine/core";
import { useTexts } from "@/i18n";
import { decimalsFor } from "@/table/format";
import type { Trial } from "./forecasted";

/** The combinations that were tried, and the one that was chosen. */
export function Tried({ trials, metric }: { trials: Trial[]; metric: string }) {
  const { t, language } = useTexts();
  const decimals = decimalsFor(trials.map((each) => each.error));
  const figure = (value: number | null) =>
    value?.toLocaleString(language, { minimumFractionDigits: decimals, maximumFractionDigits: decimals }) ?? "–";
  return (
    <details>
      <summary style={{ cursor: "pointer", width: "fit-content" }}>{t("forecast.tried", { n: trials.length })}</summary>
      <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table verticalSpacing={3} fz="sm" aria-label={t("forecast.tried", { n: trials.length })}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{t("forecast.method")}</Table.Th>
              <Table.Th scope="col">{t("ensemble.members")}</Table.Th>
              <Table.Th scope="col" className="number">
                {metric.toUpperCase()}
              </Table.Th>
              <Table.Th scope="col" className="number">
                ± {t("forecast.standard_error")}
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {trials.map((each) => (
              <Table.Tr key={`${each.method} ${each.members}`} fw={each.selected ? 700 : undefined}>
                <Table.Td>{each.selected ? t("forecast.selected", { method: each.method }) : each.method}</Table.Td>
                <Table.Td>{each.members.join(", ")}</Table.Td>
                <Table.Td className="number">{figure(each.error)}</Table.Td>
                <Table.Td className="number">{figure(each.standard_error)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </details>
  );
}
