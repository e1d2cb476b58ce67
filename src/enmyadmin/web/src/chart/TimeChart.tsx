import { ActionIcon, Box, Group, Text, useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { IconArrowLeft, IconArrowRight, IconZoomIn, IconZoomOut, IconZoomReset } from "@tabler/icons-react";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useTexts } from "@/i18n";
import { ChartTable } from "./ChartTable";
import { Legend } from "./Legend";
import type { ChartData, Range } from "./data";
import { columnsOf, optionsOf } from "./plot";

interface Properties {
  label: string;
  data: ChartData;
  /** The period in view; null for the whole one. */
  range: Range | null;
  /** Called with the period to show; the page asks the server for its points. */
  onRange: (range: Range | null) => void;
  height?: number;
  /** Further controls, such as the part to show. */
  children?: ReactNode;
}

/** The chart of all series: lines, intervals, zoom by mouse or keys, and its values as a table. */
export function TimeChart({ label, data, range, onRange, height = 300, children }: Properties) {
  const { t } = useTexts();
  const scheme = useComputedColorScheme("light");
  const { ref, width } = useElementSize();
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const zoom = useRef(onRange);
  zoom.current = onRange;

  // A change of the lines makes a new plot; new values of the same lines are put into the old one.
  const shape = JSON.stringify([
    data.lines.map((each) => [each.label, each.role]),
    data.bands.length,
    data.timeZone,
    data.parts,
    data.marks,
    data.isLogarithmic,
    data.time.length <= 60,
  ]);
  const columns = useMemo(() => columnsOf(data), [data]);
  useEffect(() => {
    if (!place.current || width === 0) return;
    const look = { scheme, width, height, hidden };
    const made = new uPlot(
      optionsOf(uPlot, data, look, (next) => zoom.current(next), setCursor),
      columns,
      place.current,
    );
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = null;
    };
  }, [shape, scheme, width > 0, height, hidden]);
  useEffect(() => {
    plot.current?.setData(columns);
  }, [columns]);
  useEffect(() => {
    if (width > 0) plot.current?.setSize({ width, height });
  }, [width, height]);

  const [from, to] = range ?? [data.time[0] ?? 0, data.time.at(-1) ?? 0];
  const span = to - from;
  const tools = [
    { text: t("chart.left"), icon: IconArrowLeft, range: [from - span / 2, to - span / 2] as Range },
    { text: t("chart.right"), icon: IconArrowRight, range: [from + span / 2, to + span / 2] as Range },
    { text: t("chart.in"), icon: IconZoomIn, range: [from + span / 4, to - span / 4] as Range },
    { text: t("chart.out"), icon: IconZoomOut, range: [from - span / 2, to + span / 2] as Range },
    { text: t("chart.whole"), icon: IconZoomReset, range: null },
  ];
  return (
    <Box component="figure" m={0} aria-label={label}>
      <Group justify="space-between" gap="xs" mb={4}>
        <Group gap="xs">
          {children}
          {data.unit && (
            <Text fz="xs" c="dimmed">
              {data.unit}
            </Text>
          )}
        </Group>
        <Group gap={4} role="toolbar" aria-label={t("chart.tools")}>
          {tools.map(({ text, icon: Icon, range: next }) => (
            <ActionIcon
              key={text}
              variant="subtle"
              size="md"
              aria-label={text}
              title={text}
              disabled={next === null ? range === null : span <= 0}
              onClick={() => onRange(next)}
            >
              <Icon size={17} aria-hidden />
            </ActionIcon>
          ))}
        </Group>
      </Group>
      <div ref={ref}>
        <div ref={place} aria-hidden onDoubleClick={() => onRange(null)} style={{ minHeight: height }} />
      </div>
      <Legend data={data} cursor={cursor} hidden={hidden} onHidden={setHidden} />
      <Text fz="xs" c="dimmed" mt={2}>
        {data.rows > data.time.length
          ? t("chart.fewer", { n: data.time.length, rows: data.rows })
          : t("chart.points", { n: data.time.length })}
      </Text>
      <ChartTable label={label} data={data} />
    </Box>
  );
}
