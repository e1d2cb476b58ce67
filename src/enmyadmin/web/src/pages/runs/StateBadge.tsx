import { Badge } from "@mantine/core";
import { IconCheck, IconClock, IconPlayerPlay, IconPlayerStop, IconX } from "@tabler/icons-react";
import type { StepState } from "@/api/runs";
import { useTexts } from "@/i18n";

const LOOKS: Record<StepState, [icon: typeof IconCheck, colour: string]> = {
  ready: [IconClock, "var(--mantine-color-dimmed)"],
  waiting: [IconClock, "var(--mantine-color-dimmed)"],
  running: [IconPlayerPlay, "var(--mantine-color-anchor)"],
  succeeded: [IconCheck, "light-dark(#1d6b34, #69db7c)"],
  failed: [IconX, "var(--mantine-color-error)"],
  cached: [IconCheck, "light-dark(#1d6b34, #69db7c)"],
  expanded: [IconCheck, "light-dark(#1d6b34, #69db7c)"],
  skipped: [IconPlayerStop, "var(--mantine-color-dimmed)"],
  cancelled: [IconPlayerStop, "var(--mantine-color-dimmed)"],
};

/** The state of a step as a sign, named for screen readers. */
export function StateIcon({ state }: { state: StepState }) {
  const { t } = useTexts();
  const [Icon, color] = LOOKS[state] ?? LOOKS.ready;
  return <Icon size={16} role="img" aria-label={t(`state.${state}`)} style={{ color, flex: "none" }} />;
}

/** The state of a run: a sign, a word and a colour. */
export function StateBadge({ state }: { state: StepState }) {
  const { t } = useTexts();
  const [Icon, color] = LOOKS[state] ?? LOOKS.ready;
  return (
    <Badge variant="transparent" px={0} tt="none" fw={500} fz="sm" leftSection={<Icon size={16} aria-hidden />} style={{ color, overflow: "visible" }} styles={{ label: { overflow: "visible" } }}>
      {t(`state.${state}`)}
    </Badge>
  );
}
