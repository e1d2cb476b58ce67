import { Stack, Text, Title } from "@mantine/core";
import { useMemo, useState } from "react";
import type { Alert, Observation } from "@/api/monitoring";
import type { Json } from "@/api/types";
import { TimeChart } from "@/chart/TimeChart";
import type { ChartData, Line, Range } from "@/chart/data";
import { useTexts } from "@/i18n";

/** A statistic of a window, of which this page shows what part of its limit it reaches. */
function shareOf(found: Json | undefined): number | null {
  if (!found || typeof found !== "object" || Array.isArray(found)) return null;
  const { value, limit, lower } = found;
  if (typeof value !== "number" || typeof limit !== "number") return null;
  const end = value < 0 && typeof lower === "number" ? lower : limit;
  return end === 0 ? null : value / end;
}

const STATISTICS = { psi: "statistic.psi", ks: "statistic.ks", wasserstein: "statistic.wasserstein", spread: "statistic.spread", season: "statistic.season", pattern: "statistic.pattern" } as const;
/** Where a share is larger, the axis is logarithmic, from the smallest share on. */
const LINEAR = 8;
const SMALLEST = 0.02;

interface Properties {
  kind: "quality" | "drift";
  windows: Observation[];
  /** Those of this kind and series, which are marked. */
  alerts: Alert[];
}

/** The statistics of windows as shares of their limits: 1 is the limit. */
export function Windows({ kind, windows, alerts }: Properties) {
  const { t, label } = useTexts();
  const [range, setRange] = useState<Range | null>(null);
  const data = useMemo((): ChartData => {
    // The integer axis of counters has no times.
    const isTime = /^\d{4,}-/.test(windows[0].from_label);
    const placeOf = (time: number) => (isTime ? time / 1e9 : time);
    const place = ({ time_from }: Observation) => placeOf(time_from);
    const inView = range ? windows.filter((each) => place(each) >= range[0] && place(each) <= range[1]) : windows;
    const sharesOf = ({ statistics }: Observation): Record<string, Json> => {
      if (kind === "drift") return statistics as Record<string, Json>;
      const { error, released, limit } = statistics as Record<string, Json>;
      return { [t("monitoring.error")]: { value: error, limit }, [t("monitoring.released")]: { value: released, limit } };
    };
    const wordOf = (name: string) => (name in STATISTICS ? t(STATISTICS[name as keyof typeof STATISTICS]) : label(name));
    const names = [...new Set(windows.flatMap((each) => Object.keys(sharesOf(each)).filter((name) => shareOf(sharesOf(each)[name]) !== null)))];
    const shares = names.map((name) => inView.map((each) => shareOf(sharesOf(each)[name])));
    const isLogarithmic = shares.some((own) => own.some((each) => each !== null && each > LINEAR));
    const shown = (each: number | null) => (each !== null && isLogarithmic ? Math.max(each, SMALLEST) : each);
    const lines = names.map((name, row): Line => ({ label: wordOf(name), role: "values", values: shares[row].map(shown) }));
    lines.push({ label: t("monitoring.limit"), role: "truth", values: inView.map(() => 1) });
    const versions: Record<string, Range> = {};
    for (const each of inView) versions[t("registry.version", { n: each.version })] ??= [place(each), place(each)];
    const marks = Object.fromEntries(alerts.map((each): [string, number] => [`#${each.id}`, placeOf(each.time)]));
    const about = { unit: t("monitoring.share"), timeZone: isTime ? "UTC" : null, rows: inView.length, isLogarithmic };
    return { time: inView.map(place), lines, bands: [], parts: versions, marks: range ? {} : marks, ...about };
  }, [windows, alerts, range, kind, t, label]);
  const beyond = windows.filter((each) => each.exceeded).length;
  return (
    <Stack gap="xs" component="section" aria-label={t(`monitoring.${kind}`)}>
      <Title order={2}>{t(`monitoring.${kind}`)}</Title>
      <Text fz="sm" c="dimmed">
        {t("monitoring.beyond", { n: windows.length, beyond })}
      </Text>
      <TimeChart label={t(`monitoring.${kind}`)} data={data} range={range} onRange={setRange} height={260} />
    </Stack>
  );
}
