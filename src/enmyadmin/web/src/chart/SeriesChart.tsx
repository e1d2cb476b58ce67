import { Alert, Skeleton, Stack, Text } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import { asProblem } from "@/api/problem";
import { usePart } from "@/api/queries";
import type { Collection } from "@/api/types";
import { partName, useTexts } from "@/i18n";
import { TimeChart } from "./TimeChart";
import { type Range, type SeriesAnswer, chartOf } from "./data";

interface Properties {
  collection: Collection;
  id: number;
  label: string;
  query?: Record<string, string | number | undefined>;
  /** Of the query as long as nobody has zoomed. */
  atFirst?: Record<string, number>;
  /** The part of the record's address that gives the series. */
  part?: "series" | "ahead";
  /** Leave the members of an ensemble out. */
  withoutMembers?: boolean;
  empty: string;
  height?: number;
  children?: ReactNode;
}

const HEIGHT = 300;
/** Widths are asked for in steps, so that a dragged window does not ask at each pixel. */
const WIDTH_STEP = 300;

/** The series of a record: asked for at the width of the page and the period in view, which is in the address. */
export function SeriesChart({ collection, id, label, query = {}, atFirst = {}, part = "series", withoutMembers, empty, height = HEIGHT, children }: Properties) {
  const { t } = useTexts();
  const search = useSearch({ strict: false }) as { from?: number; to?: number };
  const navigate = useNavigate();
  const range: Range | null = typeof search.from === "number" && typeof search.to === "number" ? [search.from, search.to] : null;
  const width = Math.max(1, Math.ceil(window.innerWidth / WIDTH_STEP)) * WIDTH_STEP;
  const isCounter = counters.get(`${collection}/${id}`) ?? false;
  const series = usePart<SeriesAnswer>(collection, id, part, {
    ...query,
    ...(range ? {} : atFirst),
    width,
    time_from: range && timeOf(range[0], isCounter),
    time_to: range && timeOf(range[1], isCounter),
  });
  if (series.data) counters.set(`${collection}/${id}`, series.data.is_counter);
  const words = useMemo(
    () => ({
      truth: t("chart.truth"),
      forecast: t("chart.forecast"),
      value: t("chart.value"),
      part: (name: string) => partName(name, t),
      interval: (level: number | null) => (level === null ? t("chart.interval") : t("chart.level", { level })),
    }),
    [t],
  );
  const data = useMemo(
    () => series.data && chartOf(withoutMembers ? { ...series.data, members: {} } : series.data, words),
    [series.data, withoutMembers, words],
  );
  const problem = series.error && asProblem(series.error);
  if (problem?.status === 404)
    return (
      <Stack gap="xs" align="flex-start">
        {children}
        <Text c="dimmed">{empty}</Text>
      </Stack>
    );
  if (problem) return <Alert color="red">{problem.detail}</Alert>;
  if (!data) return <Skeleton height={height} />;
  if (data.time.length === 0 && !range) return <Text c="dimmed">{empty}</Text>;
  const show = (next: Range | null) =>
    navigate({
      to: ".",
      search: ((all: object) => ({ ...all, from: next?.[0], to: next?.[1] })) as never,
      replace: true,
      resetScroll: false,
    });
  return (
    <TimeChart label={label} data={data} range={range} onRange={show} height={height}>
      {children}
    </TimeChart>
  );
}

/** Series whose axis is a counter and no time, as far as they were seen. */
const counters = new Map<string, boolean>();

const timeOf = (place: number, isCounter: boolean): string =>
  isCounter ? String(Math.round(place)) : new Date(place * 1000).toISOString();
