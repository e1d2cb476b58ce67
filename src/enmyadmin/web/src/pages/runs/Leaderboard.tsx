import { Stack, Text, Title } from "@mantine/core";
import { ErrorBars } from "@/chart/ErrorBars";
import { useTexts } from "@/i18n";

/** What a run tells while it works: of a forecast the members that are trained, of forming the combinations tried. */
export interface Board {
  metric: string;
  /** Members that are still to be trained. */
  planned?: string[];
  members: { name: string; error: number | null; standard_error: number | null }[];
}

/** What is finished, the best first, while the run goes on. */
export function Leaderboard({ board }: { board: Board }) {
  const { t } = useTexts();
  const planned = board.planned ?? [];
  return (
    <Stack gap="xs" component="section" aria-label={t("leaderboard.title")} aria-live="polite">
      <Title order={2}>{t("leaderboard.title")}</Title>
      <ErrorBars
        label={t("leaderboard.title")}
        metric={board.metric.toUpperCase()}
        rows={board.members.map((each) => ({ key: each.name, name: each.name, value: each.error, isEnsemble: false }))}
      />
      {planned.length > 0 && (
        <Text fz="sm" c="dimmed">
          {t("leaderboard.planned", { names: planned.join(", ") })}
        </Text>
      )}
    </Stack>
  );
}
