import { Table } from "@mantine/core";
import type { Run } from "@/api/runs";
import { useTexts } from "@/i18n";
import { AppLink } from "@/shell/AppLink";
import { formatTime } from "@/table/format";
import { StateBadge } from "./StateBadge";
import { durationOf } from "./duration";

/** Some runs, each with a link. */
export function RunsTable({ runs, label }: { runs: Run[]; label: string }) {
  const { t, label: word, language } = useTexts();
  return (
    <Table.ScrollContainer minWidth={640} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table aria-label={label} verticalSpacing={4} highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col" className="number">
              {t("runs.id")}
            </Table.Th>
            <Table.Th scope="col">{t("runs.work")}</Table.Th>
            <Table.Th scope="col">{t("runs.state")}</Table.Th>
            <Table.Th scope="col">{t("runs.started")}</Table.Th>
            <Table.Th scope="col" className="number">
              {t("runs.duration")}
            </Table.Th>
            <Table.Th scope="col">{t("runs.by")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {runs.map((run) => (
            <Table.Tr key={run.id}>
              <Table.Td className="number">{run.id}</Table.Td>
              <Table.Td>
                <AppLink to={`/runs/${run.id}`}>{word(run.title || run.kind)}</AppLink>
              </Table.Td>
              <Table.Td>
                <StateBadge state={run.state} />
              </Table.Td>
              <Table.Td>{run.started_at ? formatTime(run.started_at, language) : "–"}</Table.Td>
              <Table.Td className="number">{durationOf(run, language)}</Table.Td>
              <Table.Td>{run.created_by || "–"}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
