import { Stack, Title } from "@mantine/core";
import type { Run } from "@/api/runs";
import { useTexts } from "@/i18n";
import { StepGraph } from "@/pages/pipelines/StepGraph";

/** The steps of a pipeline's run with their states. */
export function RunGraph({ run }: { run: Run }) {
  const { t } = useTexts();
  const steps = (run.steps ?? []).filter((each) => each.parent_id === null);
  const divided = new Set((run.steps ?? []).map((each) => each.parent_id));
  if (steps.length < 2) return null;
  return (
    <Stack gap="xs" component="section" aria-label={t("pipelines.steps")}>
      <Title order={2}>{t("pipelines.steps")}</Title>
      <StepGraph
        label={t("pipelines.graph")}
        steps={steps.map(({ id, name, kind, needs }) => ({ name, kind, needs, isForEach: divided.has(id) }))}
        states={new Map(steps.map((each) => [each.name, each.state]))}
      />
    </Stack>
  );
}
