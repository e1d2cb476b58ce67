import { Alert, Box, Button, Group, List, Select, Stack, Switch, Text, Title } from "@mantine/core";
import { IconFileText } from "@tabler/icons-react";
import { useState } from "react";
import { useAllowed, usePart } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { address } from "@/api/request";
import type { Item } from "@/api/types";
import { ErrorBars } from "@/chart/ErrorBars";
import { SeriesChart } from "@/chart/SeriesChart";
import { useTexts } from "@/i18n";
import { RunButton } from "@/pages/runs/RunButton";
import { RecordLink } from "@/table/RecordTable";
import type { SectionProperties } from ".";
import { type Part, PartChoice, useParts } from "./PartChoice";
import { Weights } from "./Weights";

export type EnsembleItem = Schemas["EnsembleMember"];

interface Board {
  part: Part;
  metric: string;
  rows: { name: string; is_ensemble: boolean; rows: number; [metric: string]: unknown }[];
  undefined: Record<string, string>;
  remarks: string[];
}

type Said = Schemas["EnsembleRemarks"];

const NO_ITEMS: EnsembleItem[] = [];
const NOT_METRICS = ["rank", "name", "is_ensemble", "rows"];

export default function EnsembleSection({ item }: SectionProperties) {
  const { t } = useTexts();
  const isRendered = item.rendered_at !== null;
  const items = usePart<EnsembleItem[]>("ensembles", item.id, "items").data ?? NO_ITEMS;
  if (!isRendered)
    return (
      <Stack>
        <Text c="dimmed">{t("ensemble.not_rendered")}</Text>
        <Members items={items} />
      </Stack>
    );
  return (
    <>
      <Remarks item={item} />
      <Box style={{ display: "grid", gap: "var(--mantine-spacing-xl)", gridTemplateColumns: "repeat(auto-fit, minmax(min(100%, 27rem), 1fr))" }}>
        <Errors item={item} items={items} />
        <Weights item={item} items={items} />
      </Box>
      <Forecasts item={item} />
      <Report item={item} />
    </>
  );
}

/** The link to the report; before the diagnosis that the report is made of, the reason why there is none, and the way to it. */
function Report({ item }: { item: Item }) {
  const { t, language } = useTexts();
  const allowed = useAllowed();
  const said = usePart<Said>("ensembles", item.id, "remarks").data;
  if (said === undefined) return null;
  const look = { variant: "default", leftSection: <IconFileText size={16} aria-hidden /> } as const;
  if (said.is_diagnosed)
    return (
      <Group>
        <Button component="a" href={address(`/ensembles/${item.id}/report`, { language })} target="_blank" rel="noopener" {...look}>
          {t("ensemble.report")}
        </Button>
      </Group>
    );
  return (
    <Group>
      <Button disabled aria-describedby="no-report" {...look}>
        {t("ensemble.report")}
      </Button>
      <Text id="no-report" fz="sm" c="dimmed">
        {t("ensemble.not_diagnosed")}
      </Text>
      {allowed("render") && (
        <RunButton kind="diagnose" given={{ ensemble: item.id }} variant="default">
          {t("ensemble.diagnose_it")}
        </RunButton>
      )}
    </Group>
  );
}

export function memberLink(each: EnsembleItem) {
  return each.model_id !== null ? (
    <RecordLink collection="models" id={each.model_id} name={each.name} />
  ) : (
    <RecordLink collection="ensembles" id={each.member_id!} name={each.name} />
  );
}

function Members({ items }: { items: EnsembleItem[] }) {
  const { t } = useTexts();
  return (
    <Stack gap="xs" component="section" aria-label={t("ensemble.members")}>
      <Title order={2}>{t("ensemble.members")}</Title>
      <List>
        {items.map((each) => (
          <List.Item key={each.id}>{memberLink(each)}</List.Item>
        ))}
      </List>
    </Stack>
  );
}

/** What a reader should know before trusting the figures. */
function Remarks({ item }: { item: Item }) {
  const { t, label } = useTexts();
  const said = usePart<Said>("ensembles", item.id, "remarks").data;
  const stale = usePart<string[]>("ensembles", item.id, "staleness").data ?? [];
  const all = [...stale, ...(said?.warnings ?? []), ...(said?.remarks ?? [])];
  if (all.length === 0) return null;
  return (
    <Alert color="orange" title={t("ensemble.remarks")}>
      <List fz="sm">
        {all.map((each) => (
          <List.Item key={each}>{label(each)}</List.Item>
        ))}
      </List>
    </Alert>
  );
}

function Errors({ item, items }: { item: Item; items: EnsembleItem[] }) {
  const { t, label } = useTexts();
  const [metric, setMetric] = useState("mse");
  const { parts, part, onPart } = useParts("ensemble", item.id);
  const board = usePart<Board>("ensembles", item.id, "leaderboard", { part }, parts !== undefined);
  const metrics = Object.keys(board.data?.rows[0] ?? { mse: 0 }).filter((each) => !NOT_METRICS.includes(each));
  const rows = (board.data?.rows ?? []).map((each) => {
    const member = each.is_ensemble ? undefined : items.find(({ name }) => name === each.name);
    const value = each[metric];
    return {
      key: each.name,
      name: member ? memberLink(member) : t("one.ensembles"),
      value: typeof value === "number" ? value : null,
      isEnsemble: each.is_ensemble,
    };
  });
  return (
    <Stack gap="xs" component="section" aria-label={t("leaderboard.errors")}>
      <Group justify="space-between">
        <Title order={2}>{t("leaderboard.errors")}</Title>
        <Group gap="xs">
          <PartChoice parts={parts ?? []} value={part} onChange={onPart} />
          <Select
            size="xs"
            w={100}
            aria-label={t("leaderboard.metric")}
            data={metrics.map((each) => ({ value: each, label: each.toUpperCase() }))}
            value={metric}
            onChange={(next) => next && setMetric(next)}
          />
        </Group>
      </Group>
      {rows.length > 0 ? (
        <ErrorBars label={t("leaderboard.errors")} metric={metric.toUpperCase()} rows={rows} />
      ) : (
        board.isFetched && <Text c="dimmed">{t("chart.no_forecast", { part: t(`part.${part}`) })}</Text>
      )}
      {board.data?.remarks.map((each) => (
        <Text key={each} fz="sm" c="dimmed">
          {label(each)}
        </Text>
      ))}
    </Stack>
  );
}

function Forecasts({ item }: { item: Item }) {
  const { t } = useTexts();
  const { parts, part, onPart } = useParts("ensemble", item.id);
  const [members, setMembers] = useState(false);
  return (
    <Stack gap="xs" component="section" aria-label={t("ensemble.forecasts")}>
      <Title order={2}>{t("ensemble.forecasts")}</Title>
      {parts && <SeriesChart
        collection="ensembles"
        id={item.id}
        label={t("chart.forecast_of", { name: item.name ?? item.id })}
        query={{ part }}
        withoutMembers={!members}
        empty={t("chart.no_forecast", { part: t(`part.${part}`) })}
      >
        <PartChoice parts={parts} value={part} onChange={onPart} />
        <Switch
          size="xs"
          label={t("ensemble.show_members")}
          checked={members}
          onChange={(event) => setMembers(event.currentTarget.checked)}
        />
      </SeriesChart>}
    </Stack>
  );
}
