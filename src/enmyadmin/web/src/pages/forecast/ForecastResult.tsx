import { Alert, Button, Group, Loader, Stack, Text } from "@mantine/core";
import { asProblem } from "@/api/problem";
import { isFinal, latestPartial, useRun, useRunAction, useRunEvents } from "@/api/runs";
import { useTexts } from "@/i18n";
import { type Board, Leaderboard } from "@/pages/runs/Leaderboard";
import { RunProgress } from "@/pages/runs/RunProgress";
import { AppLink } from "@/shell/AppLink";
import { FinishedForecast } from "./FinishedForecast";
import type { Forecasted } from "./forecasted";

/** The run of a forecast: the leaderboard as it grows, then the forecasts. */
export function ForecastResult({ run: id }: { run: number }) {
  const { t } = useTexts();
  const { data: run, error } = useRun(id);
  const over = run ? isFinal(run.state) : false;
  const events = useRunEvents(id, over);
  const cancel = useRunAction(id, "cancel");
  const retry = useRunAction(id, "retry");
  const board = latestPartial<Board>(events, "leaderboard");
  if (error) return <Alert color="red">{asProblem(error).detail}</Alert>;
  if (!run) return <Loader aria-label={t("state.loading")} />;
  if (run.state === "succeeded" && run.result)
    return <FinishedForecast run={run} result={run.result as unknown as Forecasted} />;
  if (over)
    return (
      <Alert color="red" title={t(`state.${run.state}`)} style={{ overflowWrap: "anywhere" }}>
        <Stack gap="xs" align="flex-start">
          {run.error && <Text fz="sm">{run.error.detail}</Text>}
          <Button size="compact-sm" variant="default" loading={retry.isPending} onClick={() => retry.mutate()}>
            {t("runs.retry")}
          </Button>
          <AppLink to={`/runs/${id}`}>{t("forecast.open_run")}</AppLink>
        </Stack>
      </Alert>
    );
  return (
    <Stack>
      <RunProgress run={run} events={events} />
      <Group>
        <Button
          variant="default"
          loading={cancel.isPending}
          disabled={run.cancel_requested_at !== null}
          onClick={() => cancel.mutate()}
        >
          {run.cancel_requested_at ? t("runs.cancelling") : t("runs.cancel")}
        </Button>
        <Text fz="sm" c="dimmed">
          {t("forecast.may_leave")}
        </Text>
      </Group>
      {board && <Leaderboard board={board} />}
    </Stack>
  );
}
