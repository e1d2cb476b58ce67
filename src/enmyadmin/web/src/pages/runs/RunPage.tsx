import { Alert, Button, Code, Group, Loader, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { asProblem } from "@/api/problem";
import { useAllowed } from "@/api/queries";
import { type Run, isFinal, latestPartial, useRun, useRunAction, useRunEvents } from "@/api/runs";
import { useTexts } from "@/i18n";
import { AppLink } from "@/shell/AppLink";
import { useTitle } from "@/shell/title";
import { formatTime } from "@/table/format";
import { type Board, Leaderboard } from "./Leaderboard";
import { LossCurves, curvesOf } from "./LossCurves";
import { RunProgress } from "./RunProgress";
import { RunGraph } from "./RunGraph";
import { RunResult } from "./RunResult";
import { StateBadge } from "./StateBadge";
import { Timeline } from "./Timeline";
import { durationOf } from "./duration";

/** One run: its state, progress, live results, log and attempts. */
export default function RunPage() {
  const { id: text } = useParams({ strict: false }) as { id: string };
  const id = Number(text);
  const { t, label } = useTexts();
  const { data: run, error } = useRun(id);
  useTitle(run ? `${label(run.title || run.kind)} (${id})` : "");
  if (error)
    return (
      <Stack align="flex-start">
        <Alert color="red" role="alert">
          {asProblem(error).detail}
        </Alert>
        <AppLink to="/runs">{t("nav.runs")}</AppLink>
      </Stack>
    );
  return run ? <OneRun run={run} /> : <Loader aria-label={t("state.loading")} />;
}

function OneRun({ run }: { run: Run }) {
  const { t, label, language } = useTexts();
  const allowed = useAllowed();
  const over = isFinal(run.state);
  const events = useRunEvents(run.id, over);
  const cancel = useRunAction(run.id, "cancel");
  const retry = useRunAction(run.id, "retry");
  const failed = (problem: unknown) => notifications.show({ color: "red", message: asProblem(problem).detail });
  const lines = events.filter((each) => each.kind === "log").map((each) => String(each.data.line));
  const curves = useMemo(() => curvesOf(events), [events]);
  const board = latestPartial<Board>(events, "leaderboard");
  const message = run.error?.detail;
  const failedSteps = run.pipeline
    ? (run.steps ?? [])
        .filter((each) => each.state === "failed" && each.parent_id === null)
        .map((each) => each.name)
        .slice(0, 5)
        .join(", ")
    : "";
  return (
    <Stack gap="lg">
      <Stack gap={4} component="header">
        <AppLink to="/runs" fz="sm">
          {t("nav.runs")}
        </AppLink>
        <Group justify="space-between">
          <Group gap="sm">
            <Title order={1}>{label(run.title || run.kind)}</Title>
            <Text c="dimmed">
              {t("runs.run")} {run.id}
            </Text>
            <StateBadge state={run.state} />
          </Group>
          <Group gap="xs">
            {!over && allowed("cancel") && (
              <Button
                variant="default"
                loading={cancel.isPending}
                disabled={run.cancel_requested_at !== null}
                onClick={() => cancel.mutate(undefined, { onError: failed })}
              >
                {run.cancel_requested_at ? t("runs.cancelling") : t("runs.cancel")}
              </Button>
            )}
            {(run.state === "failed" || run.state === "cancelled") && allowed("run") && (
              <Button loading={retry.isPending} onClick={() => retry.mutate(undefined, { onError: failed })}>
                {t("runs.retry")}
              </Button>
            )}
          </Group>
        </Group>
        <Text fz="sm" c="dimmed">
          {run.started_at ? `${t("runs.started")} ${formatTime(run.started_at, language)} · ${durationOf(run, language)}` : t("runs.waiting")}
          {run.created_by && ` · ${run.created_by}`}
          {run.pipeline && (
            <>
              {" · "}
              <AppLink to={`/pipelines/${encodeURIComponent(run.pipeline.name)}`} search={{ version: run.pipeline.version }} underline="always">
                {t("runs.of_pipeline", { version: run.pipeline.version })}
              </AppLink>
            </>
          )}
        </Text>
      </Stack>
      {!over && <RunProgress run={run} events={events} />}
      {message && (
        <Alert color="red" title={failedSteps ? `${t("runs.failed")}: ${failedSteps}` : t("runs.failed")} style={{ overflowWrap: "anywhere" }}>
          {message}
        </Alert>
      )}
      {run.kind === "autoforecast" && <AppLink to="/forecast" search={{ run: run.id } as never}>{t("runs.forecasts")}</AppLink>}
      {run.result && <RunResult run={run} />}
      {board && !over && <Leaderboard board={board} />}
      {curves && <LossCurves curves={curves} />}
      {run.pipeline && <RunGraph run={run} />}
      <Timeline run={run} />
      {lines.length > 0 && (
        <Stack gap="xs" component="section" aria-label={t("runs.log")}>
          <Title order={2}>{t("runs.log")}</Title>
          <Code block mah={320} style={{ overflow: "auto", whiteSpace: "pre-wrap" }} tabIndex={0}>
            {lines.join("\n")}
          </Code>
        </Stack>
      )}
      {Object.keys(run.arguments).length > 0 && (
      <Stack gap="xs" component="section" aria-label={t("runs.arguments")}>
        <Title order={2}>{t("runs.arguments")}</Title>
        <Code block mah={240} style={{ overflow: "auto" }} tabIndex={0}>
          {JSON.stringify(run.arguments, null, 2)}
        </Code>
      </Stack>
      )}
    </Stack>
  );
}
