import { Stack, Title } from "@mantine/core";
import { useMemo, useState } from "react";
import type { RunEvent } from "@/api/runs";
import { TimeChart } from "@/chart/TimeChart";
import type { ChartData, Line, Range } from "@/chart/data";
import { useTexts } from "@/i18n";
import { PALETTE } from "@/theme";

export interface Curve {
  id: number;
  name: string | null;
  epochs: number[];
  loss: (number | null)[];
  valid_loss?: (number | null)[];
}

export interface Curves {
  models: Curve[];
}

/** The latest curve of each model that a run trains, also of trainings one after another. */
export function curvesOf(events: RunEvent[]): Curves | null {
  const latest = new Map<number, Curve>();
  for (const { kind, data } of events)
    if (kind === "partial" && data.name === "curves")
      for (const each of (data.data as unknown as Curves).models) latest.set(each.id, each);
  return latest.size ? { models: [...latest.values()] } : null;
}

/** The losses of models by epoch, of the train part and, where it is measured, of the valid part. */
export function LossCurves({ curves }: { curves: Curves }) {
  const { t } = useTexts();
  const [range, setRange] = useState<Range | null>(null);
  const data = useMemo((): ChartData => {
    const epochs = [...new Set(curves.models.flatMap((each) => each.epochs))].sort((a, b) => a - b);
    const inView = range ? epochs.filter((each) => each >= range[0] && each <= range[1]) : epochs;
    const lines = curves.models.flatMap((each, place) => {
      const color = place % PALETTE.light.length;
      const line = (label: string, values: (number | null)[], role: Line["role"]): Line => {
        const at = new Map(each.epochs.map((epoch, row) => [epoch, values[row]]));
        return { label, role, color, values: inView.map((epoch) => at.get(epoch) ?? null) };
      };
      const name = each.name ?? `${t("one.models")} ${each.id}`;
      const valid = each.valid_loss?.some((value) => value !== null)
        ? [line(t("curves.valid", { name }), each.valid_loss, "member")]
        : [];
      return [line(name, each.loss, "values"), ...valid];
    });
    return { time: inView, lines, bands: [], unit: t("curves.loss"), timeZone: null, rows: inView.length, parts: {} };
  }, [curves, range, t]);
  return (
    <Stack gap="xs" component="section" aria-label={t("curves.title")}>
      <Title order={2}>{t("curves.title")}</Title>
      <TimeChart label={t("curves.title")} data={data} range={range} onRange={setRange} height={240} />
    </Stack>
  );
}
