import { SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { keys } from "@/api/queries";
import { get } from "@/api/request";
import type { Page } from "@/api/types";
import { useTexts } from "@/i18n";

/** What says most about the forecasts to come is the first. */
const PARTS = ["test", "out_of_fold", "valid", "train"] as const;
export type Part = (typeof PARTS)[number];

interface Shown {
  /** Those with stored forecasts, the most telling one first; undefined until they are known. */
  parts?: Part[];
  part: Part;
  onPart: (part: Part) => void;
}

/** The parts for which a model or an ensemble has forecasts, and the one to show. */
export function useParts(owner: "model" | "ensemble", id: number, enabled = true): Shown {
  const { data } = useQuery({
    queryKey: keys.list("forecasts", { parts: owner, id }),
    queryFn: ({ signal }) => get<Page<{ part: Part }>>("/forecasts", { [owner]: id, columns: ["part"], limit: 500 }, signal),
    enabled,
  });
  const parts = useMemo(() => data && PARTS.filter((part) => data.items.some((each) => each.part === part)), [data]);
  const [chosen, setChosen] = useState<Part | null>(null);
  return { parts, part: chosen ?? parts?.[0] ?? "test", onPart: setChosen };
}

/** Chooses the part whose forecasts are shown. */
export function PartChoice({ parts, value, onChange }: { parts: Part[]; value: Part; onChange: (part: Part) => void }) {
  const { t } = useTexts();
  if (parts.length < 2) return null;
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
