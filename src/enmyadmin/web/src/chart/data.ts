import type { Schemas } from "@/api/types";

/** A column of values; null where there is none. */
export type Values = (number | null)[];

export interface Line {
  label: string;
  values: Values;
  /** What it is, which decides how it is drawn: never by colour alone. */
  role: "truth" | "forecast" | "member" | "values";
  /** Place of its colour, for lines that belong together; by default that of the line. */
  color?: number;
}

/** An interval: the area between two lines. */
export interface Band {
  label: string;
  lower: Values;
  upper: Values;
}

export interface ChartData {
  /** Seconds since 1970 in UTC, or positions on an integer axis. */
  time: number[];
  lines: Line[];
  bands: Band[];
  unit: string;
  /** IANA name; null if the axis is no time. */
  timeZone: string | null;
  /** Rows before the server made them fewer. */
  rows: number;
  /** Where the forecast begins to be drawn from the last known value, so that its intervals open like a fan. */
  fanFrom?: number;
  /** Periods to mark, such as the parts of a preparation. */
  parts: Record<string, [number, number]>;
  /** Moments to mark, such as alerts, by a short label. */
  marks?: Record<string, number>;
  /** True if sizes differ by so much that small ones are seen on a logarithmic axis alone. */
  isLogarithmic?: boolean;
}

export type Range = [from: number, to: number];

/** The answer of the series routes. */
export type SeriesAnswer = Schemas["DrawnSeries"];

export interface Words {
  truth: string;
  forecast: string;
  value: string;
  interval: (level: number | null) => string;
  part: (name: string) => string;
}

/** The lines and bands of an answer, the forecast above its members. */
export function chartOf(answer: SeriesAnswer, words: Words): ChartData {
  const lines: Line[] = [];
  for (const [id, values] of Object.entries(answer.members ?? {}))
    lines.push({ label: answer.names?.[id] ?? id, values, role: "member" });
  if (answer.truth) lines.push({ label: words.truth, values: answer.truth, role: "truth" });
  if (answer.value) lines.push({ label: words.value, values: answer.value, role: "values" });
  if (answer.forecast) lines.push({ label: words.forecast, values: answer.forecast, role: "forecast" });
  const { lower, upper, levels, quantiles } = answer;
  const level = levels ? Math.round((levels[1] - levels[0]) * 100) : null;
  const bands = quantiles
    ? bandsOf(quantiles).map((each) => ({ ...each, label: words.interval(each.level) }))
    : lower && upper
      ? [{ label: words.interval(level), lower, upper }]
      : [];
  return {
    time: answer.time,
    lines,
    bands,
    unit: answer.unit,
    timeZone: answer.is_counter ? null : answer.time_zone,
    rows: answer.rows,
    parts: Object.fromEntries(Object.entries(answer.parts as Record<string, Range>).map(([name, each]) => [words.part(name), each])),
    fanFrom: quantiles ? lastKnown(answer) : undefined,
  };
}

/** The last known value before the first step. */
function lastKnown({ truth, forecast }: SeriesAnswer): number | undefined {
  const first = forecast?.findIndex((each) => each !== null) ?? -1;
  const found = first < 0 ? -1 : (truth?.slice(0, first).findLastIndex((each) => each !== null) ?? -1);
  return found < 0 ? undefined : found;
}

/** The intervals whose two ends are among the quantiles, the widest first, with their levels in per cent. */
export function bandsOf(quantiles: Record<string, Values>): { level: number; lower: Values; upper: Values }[] {
  const levels = Object.keys(quantiles).map(Number);
  return levels
    .filter((each) => each < 0.5)
    .sort((a, b) => a - b)
    .flatMap((low) => {
      const high = levels.find((each) => Math.abs(each + low - 1) < 1e-9);
      if (high === undefined) return [];
      return [{ level: Math.round((high - low) * 100), lower: quantiles[String(low)], upper: quantiles[String(high)] }];
    });
}
