import { Badge, Group, Stack, Switch, Table, Text, Title } from "@mantine/core";
import { useState } from "react";
import type { EvaluationReport, RegisteredDetails, Version } from "@/api/registry";
import { collectionOf } from "@/api/types";
import { capital } from "@/form/FieldInput";
import { useTexts } from "@/i18n";
import { AppLink } from "@/shell/AppLink";
import { decimalsFor, formatTime } from "@/table/format";
import { aliasText } from "./RegisteredPage";
import { Gates } from "./Gates";
import { VersionActions } from "./VersionActions";

/** Versions that stand side by side at first. */
const AT_FIRST = 4;
const METRICS = ["mae", "rmse", "mse", "mase", "smape", "rows"];

interface Row {
  title: string;
  cell: (version: Version) => React.ReactNode;
}

/** The versions side by side, the latest first; those with an alias are always among them. */
export function Versions({ registered }: { registered: RegisteredDetails }) {
  const { t, label, language } = useTexts();
  const [isAll, setAll] = useState(false);
  const shown = registered.items.filter((each, place) => isAll || place < AT_FIRST || each.aliases.length > 0);
  const report = (each: Version) => (each.evaluation?.report ?? null) as EvaluationReport | null;
  const metrics = METRICS.filter((name) => shown.some((each) => typeof each.metrics.test?.[name] === "number"));
  const rows: Row[] = [
    { title: t("registry.aliases"), cell: (each) => <Aliases version={each} /> },
    {
      title: t("registry.what"),
      cell: ({ entity, entity_id }) => (
        <AppLink to={`/${collectionOf(entity)}/${entity_id}`}>
          {t(`one.${collectionOf(entity)}`)} {entity_id}
        </AppLink>
      ),
    },
    { title: t("form.description"), cell: (each) => (each.description ? label(each.description) : "–") },
    { title: t("registry.registered"), cell: (each) => `${formatTime(each.created_at, language)}${each.created_by ? `, ${each.created_by}` : ""}` },
    ...metrics.map((name): Row => {
      const digits = name === "rows" ? 0 : decimalsFor(shown.map((each) => each.metrics.test?.[name]));
      return {
        title: name === "rows" ? t("registry.rows") : t("registry.on_test", { metric: name.toUpperCase() }),
        cell: (each) =>
          each.metrics.test?.[name]?.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }) ?? "–",
      };
    }),
    {
      title: t("registry.beside"),
      cell: (each) => {
        const found = report(each)?.comparison;
        if (!found) return "–";
        const p = found.p_value === null ? "" : `, p = ${found.p_value.toPrecision(2)}`;
        return `${t(`verdict.${found.verdict}` as "verdict.tie")}${p}`;
      },
    },
    { title: t("registry.gates"), cell: (each) => <Gates evaluation={each.evaluation} /> },
    {
      title: t("registry.proposal"),
      cell: (each) => {
        const found = report(each)?.proposal;
        return found && !each.aliases.includes("production") ? <strong>{t(`proposal.${found}`)}</strong> : "–";
      },
    },
    { title: t("registry.actions"), cell: (each) => <VersionActions version={each} /> },
  ];
  return (
    <Stack gap="xs" component="section" aria-label={t("registry.side_by_side")}>
      <Group justify="space-between">
        <Title order={2}>{t("registry.side_by_side")}</Title>
        {registered.items.length > shown.length || isAll ? (
          <Switch label={t("registry.show_all", { n: registered.items.length })} checked={isAll} onChange={(event) => setAll(event.currentTarget.checked)} />
        ) : null}
      </Group>
      <Table.ScrollContainer minWidth={Math.min(1_000, 180 + 220 * shown.length)} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table aria-label={t("registry.side_by_side")} verticalSpacing={6} fz="sm" layout="fixed">
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col" w={150}>
                {t("compare.property")}
              </Table.Th>
              {shown.map((each) => (
                <Table.Th key={each.version} scope="col">
                  {capital(t("registry.version", { n: each.version }))}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Table.Tr key={row.title} style={{ verticalAlign: "top" }}>
                <Table.Th scope="row" fw={500}>
                  {label(row.title)}
                </Table.Th>
                {shown.map((each) => (
                  <Table.Td key={each.version} style={{ overflowWrap: "anywhere" }}>
                    {row.cell(each)}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}

function Aliases({ version }: { version: Version }) {
  const { t } = useTexts();
  if (version.state === "rejected") return <Badge variant="default" tt="none">{t("registry.rejected")}</Badge>;
  if (version.aliases.length === 0) return <Text inherit>–</Text>;
  return (
    <Group gap={6}>
      {version.aliases.map((each) => (
        <Badge key={each} variant={each === "production" ? "filled" : "default"} tt="none" fw={600}>
          {aliasText(each, t)}
        </Badge>
      ))}
    </Group>
  );
}
