import { Stack, Text, Title } from "@mantine/core";
import { useMemo, useState } from "react";
import type { Observation } from "@/api/monitoring";
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

/** The statistics of windows as shares of their limits: 1 is the limit. */
export function Windows({ kind, windows }: { kind: "quality" | "drift"; windows: Observation[] }) {
  const { t, label } = useTexts();
  const [range, setRange] = useState<Range | null>(null);
  const data = useMemo((): ChartData => {
    // The integer axis of counters has no times.
    const isTime = /^\d{4,}-/.test(windows[0].from_label);
    const place = ({ time_from }: Observation) => (isTime ? time_from / 1e9 : time_from);
    const inView = range ? windows.filter((each) => place(each) >= range[0] && place(each) <= range[1]) : windows;
    const sharesOf = ({ statistics }: Observation): Record<string, Json> => {
      if (kind === "drift") return statistics as Record<string, Json>;
      const { error, released, limit } = statistics as Record<string, Json>;
      return { [t("monitoring.error")]: { value: error, limit }, [t("monitoring.released")]: { value: released, limit } };
    };
    const names = [...new Set(windows.flatMap((each) => Object.keys(sharesOf(each)).filter((name) => shareOf(sharesOf(each)[name]) !== null)))];
    const lines = names.map(
      (name): Line => ({ label: label(name), role: "member", values: inView.map((each) => shareOf(sharesOf(each)[name])) }),
    );
    lines.push({ label: t("monitoring.limit"), role: "truth", values: inView.map(() => 1) });
    return { time: inView.map(place), lines, bands: [], unit: t("monitoring.share"), timeZone: isTime ? "UTC" : null, rows: inView.length, parts: {} };
  }, [windows, range, kind, t, label]);
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
