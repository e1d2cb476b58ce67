import { Stack, Text } from "@mantine/core";
import { IconCheck, IconMinus, IconX } from "@tabler/icons-react";
import type { EvaluationReport, GateResult, Version } from "@/api/registry";
import { useTexts } from "@/i18n";

const LOOKS: Record<GateResult["outcome"], [icon: typeof IconCheck, colour: string]> = {
  passed: [IconCheck, "light-dark(#1d6b34, #69db7c)"],
  failed: [IconX, "var(--mantine-color-error)"],
  skipped: [IconMinus, "var(--mantine-color-dimmed)"],
};

/** What the latest evaluation of a version says of each gate: a sign, its word for screen readers, and the sentence. */
export function Gates({ evaluation }: { evaluation: Version["evaluation"] }) {
  const { t, label } = useTexts();
  if (!evaluation) return <Text inherit>{t("registry.not_evaluated")}</Text>;
  if (evaluation.state === "error")
    return (
      <Text inherit c="var(--mantine-color-error)">
        {String(evaluation.error?.detail ?? "")}
      </Text>
    );
  const { gates = [] } = (evaluation.report ?? {}) as EvaluationReport;
  return (
    <Stack gap={4}>
      <Text inherit fw={600}>
        {t(`gates.${evaluation.state}`)}
      </Text>
      {gates.map((each) => {
        const [Icon, color] = LOOKS[each.outcome] ?? LOOKS.skipped;
        return (
          <div key={each.gate} style={{ display: "flex", gap: 6 }}>
            <Icon size={16} role="img" aria-label={t(`gates.${each.outcome}`)} style={{ color, flex: "none", marginTop: 3 }} />
            <span>{label(each.message)}</span>
          </div>
        );
      })}
    </Stack>
  );
}
