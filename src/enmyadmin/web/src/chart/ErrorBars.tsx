import { Table } from "@mantine/core";
import { IconStack2 } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTexts } from "@/i18n";
import { decimalsFor } from "@/table/format";
import classes from "./ErrorBars.module.css";

export interface Measured {
  key: string;
  name: ReactNode;
  value: number | null;
  /** The ensemble itself is marked. */
  isEnsemble: boolean;
}

/** Errors as bars in a table, the lowest first; the bar of the ensemble is marked by a sign and a pattern. */
export function ErrorBars({ label, metric, rows }: { label: string; metric: string; rows: Measured[] }) {
  const { t, language } = useTexts();
  const sorted = rows.toSorted((a, b) => (a.value ?? Infinity) - (b.value ?? Infinity));
  const largest = Math.max(...sorted.map((each) => each.value ?? 0), Number.MIN_VALUE);
  const decimals = decimalsFor(sorted.map((each) => each.value));
  return (
    <Table aria-label={label} verticalSpacing={3} withRowBorders={false} layout="auto">
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col" className="number" w="2.5rem">
            #
          </Table.Th>
          <Table.Th scope="col">{t("leaderboard.member")}</Table.Th>
          <Table.Th scope="col" className="number">
            {metric}
          </Table.Th>
          <Table.Th scope="col" w="45%">
            <span className={classes.hidden}>{t("leaderboard.bar")}</span>
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {sorted.map((each, place) => (
          <Table.Tr key={each.key} fw={each.isEnsemble ? 700 : undefined}>
            <Table.Td className="number">{place + 1}</Table.Td>
            <Table.Td>
              {each.isEnsemble && (
                <IconStack2 size={16} aria-label={t("one.ensembles")} style={{ verticalAlign: "-3px", marginRight: 4 }} />
              )}
              {each.name}
            </Table.Td>
            <Table.Td className="number">
              {each.value?.toLocaleString(language, { minimumFractionDigits: decimals, maximumFractionDigits: decimals }) ?? "–"}
            </Table.Td>
            <Table.Td aria-hidden>
              {each.value !== null && (
                <div
                  className={each.isEnsemble ? classes.marked : classes.bar}
                  style={{ width: `${(100 * each.value) / largest}%` }}
                />
              )}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
