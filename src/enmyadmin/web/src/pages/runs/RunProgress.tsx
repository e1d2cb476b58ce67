import { Progress, Stack, Text } from "@mantine/core";
import { type Run, type RunEvent, progressOf } from "@/api/runs";
import { useTexts } from "@/i18n";

/** How far a run is that is not over. */
export function RunProgress({ run, events }: { run: Run; events: RunEvent[] }) {
  const { t, label } = useTexts();
  const progress = progressOf(run, events);
  return (
    <Stack gap={4} role="status">
      <Text fz="sm">
        {progress ? `${label(progress.what)}: ${progress.done} / ${progress.total}` : run.state === "ready" ? t("runs.waiting") : t(`state.${run.state}`)}
      </Text>
      <Progress
        value={progress && progress.total > 0 ? (100 * progress.done) / progress.total : 0}
        aria-label={t("runs.progress")}
      />
    </Stack>
  );
}
