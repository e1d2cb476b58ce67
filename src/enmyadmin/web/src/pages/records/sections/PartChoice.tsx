import { SegmentedControl } from "@mantine/core";
import { useTexts } from "@/i18n";

export const PARTS = ["test", "valid", "train", "out_of_fold"] as const;
export type Part = (typeof PARTS)[number];

/** Chooses the part whose forecasts are shown. */
export function PartChoice({ parts, value, onChange }: { parts: Part[]; value: Part; onChange: (part: Part) => void }) {
  const { t } = useTexts();
  return (
    <SegmentedControl
      size="xs"
      aria-label={t("figure.part")}
      value={value}
      onChange={(next) => onChange(next as Part)}
      data={parts.map((each) => ({ value: each, label: t(`part.${each}`) }))}
    />
  );
}
