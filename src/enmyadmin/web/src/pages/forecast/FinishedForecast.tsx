import { Button, Group, List, Select, Stack, Text, Title } from "@mantine/core";
import { IconDownload, IconFileText } from "@tabler/icons-react";
import { useState } from "react";
import { usePart } from "@/api/queries";
import type { Run } from "@/api/runs";
import type { Schemas } from "@/api/types";
import { ErrorBars } from "@/chart/ErrorBars";
import { SeriesChart } from "@/chart/SeriesChart";
import { useTexts } from "@/i18n";
import { Figures } from "@/pages/records/sections/Figures";
import { fileAddress } from "@/pages/runs/RunResult";
import { AppLink } from "@/shell/AppLink";
import { StepsTable } from "./StepsTable";
import { Tried } from "./Tried";
import type { Forecasted } from "./forecasted";

/** Known values before the forecast, at first. */
const FEWEST_KNOWN = 60;
const KNOWN_A_STEP = 4;

/** Forecasts: of each series a chart with its intervals and a table; how good they are; files to take away. */
export function FinishedForecast({ run, result }: { run: Run; result: Forecasted }) {
  const { t, label: word } = useTexts();
  const members = usePart<Schemas["NamedPanelSource"][]>("panels", result.panel, "members").data;
  const series = members ?? result.series.map((each) => ({ key: each.key, data_source_id: each.source, name: each.key }));
  const [key, setKey] = useState<string | null>(null);
  const chosen = series.find((each) => each.key === key) ?? series[0];
  const described = result.series.find((each) => each.key === chosen?.key);
  const group = result.groups[described?.group ?? 0];
  const label = chosen ? t("chart.forecast_ahead", { name: chosen.key }) : "";
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="flex-end">
        {series.length > 1 ? (
          <Select
            label={t("forecast.series_count", { n: result.series_count })}
            data={series.map((each) => each.key)}
            value={chosen?.key ?? null}
            onChange={(next) => next && setKey(next)}
            searchable
            limit={100}
            allowDeselect={false}
            w={280}
          />
        ) : (
          <Title order={2} style={{ overflowWrap: "anywhere" }}>
            {chosen?.key}
          </Title>
        )}
        <Group gap="xs">
          {result.file && (
            <Button component="a" href={fileAddress(run, result.file)} download={result.file.name} leftSection={<IconDownload size={16} aria-hidden />}>
              {t("forecast.download")}
            </Button>
          )}
          {result.report && (
            <Button
              component="a"
              variant="default"
              href={fileAddress(run, result.report)}
              download={result.report.name}
              leftSection={<IconFileText size={16} aria-hidden />}
            >
              {t("ensemble.report")}
            </Button>
          )}
        </Group>
      </Group>
      {chosen && result.issued !== null && (
        <SeriesChart
          key={chosen.key}
          collection="models"
          id={result.issued}
          part="ahead"
          label={label}
          query={{ series: chosen.data_source_id }}
          atFirst={{ history: Math.max(FEWEST_KNOWN, KNOWN_A_STEP * (group?.horizon ?? 0)) }}
          empty={t("chart.no_rows")}
          height={340}
        />
      )}
      {described && (
        <Figures
          figures={[
            [t("forecast.judged"), described.errors.rows],
            ["MAE", described.errors.mae],
            ["MASE", described.errors.mase],
            [t("forecast.bias"), described.errors.bias],
          ]}
        />
      )}
      {chosen && result.issued !== null && <StepsTable model={result.issued} source={chosen.data_source_id} label={label} />}
      {group && <Board result={result} group={group} />}
      {group?.ensemble && <Tried trials={group.ensemble.leaderboard} metric={group.ensemble.metric} />}
      <Stack gap="xs" component="section" aria-label={t("forecast.remarks")}>
        <Title order={2}>{t("forecast.remarks")}</Title>
        <List fz="sm" spacing={2}>
          {[...new Set([...result.remarks, ...(group?.remarks ?? [])])].map((each) => (
            <List.Item key={each} style={{ overflowWrap: "anywhere" }}>
              {word(each)}
            </List.Item>
          ))}
        </List>
      </Stack>
      {result.program && (
        <details>
          <summary style={{ cursor: "pointer", width: "fit-content" }}>{t("forecast.program")}</summary>
          <pre tabIndex={0} style={{ overflow: "auto", fontSize: 13 }}>
            {result.program}
          </pre>
        </details>
      )}
      <Group gap="lg">
        {group?.ensemble && <AppLink to={`/ensembles/${group.ensemble.id}`}>{t("forecast.open_ensemble")}</AppLink>}
        <AppLink to={`/panels/${result.panel}`}>{t("forecast.open_panel")}</AppLink>
        <AppLink to={`/runs/${run.id}`}>{t("forecast.open_run")}</AppLink>
      </Group>
    </Stack>
  );
}

/** The errors of the ensemble and of all members at the asked horizon. */
function Board({ result, group }: { result: Forecasted; group: Forecasted["groups"][number] }) {
  const { t } = useTexts();
  const own = result.leaderboard.filter((each) => each.group === group.name);
  const metric = own.some((each) => typeof each[result.metric] === "number") ? result.metric : "mase";
  if (own.length === 0) return <Text c="dimmed">{t("forecast.not_judged")}</Text>;
  return (
    <Stack gap="xs" component="section" aria-label={t("leaderboard.title")}>
      <Title order={2}>{t("leaderboard.title")}</Title>
      <Text fz="sm" c="dimmed">
        {t("forecast.board_about", { n: own[0].rows })}
      </Text>
      <ErrorBars
        label={t("leaderboard.title")}
        metric={metric.toUpperCase()}
        rows={own.map((each) => ({
          key: each.name,
          name: each.is_ensemble ? t("one.ensembles") : each.is_combined ? t("forecast.combined", { name: each.name }) : each.name,
          value: typeof each[metric] === "number" ? each[metric] : null,
          isEnsemble: each.is_ensemble,
        }))}
      />
    </Stack>
  );
}
