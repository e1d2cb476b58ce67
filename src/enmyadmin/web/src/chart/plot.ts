import type uPlot from "uplot";
import { PALETTE } from "@/theme";
import type { ChartData, Line, Range, Values } from "./data";

type Scheme = "light" | "dark";

export interface Look {
  scheme: Scheme;
  width: number;
  height: number;
  hidden: ReadonlySet<string>;
}

const PAPER = { light: { text: "#4d5560", grid: "#e6eaee" }, dark: { text: "#a9b1bb", grid: "#32373e" } };

/** Dashes of values that are shown together, which colour alone must not tell apart. */
const DASHES: (number[] | undefined)[] = [undefined, [9, 3], [4, 3], [9, 3, 2, 3]];

/** Colour, dash and width of a line: truth is solid and dark, the forecast dashed, members thin. */
export function strokeOf(line: Line, place: number, scheme: Scheme): { stroke: string; dash?: number[]; width: number } {
  const palette = PALETTE[scheme];
  const at = line.color ?? place;
  switch (line.role) {
    case "values":
      return { stroke: palette[at % palette.length], dash: DASHES[at % DASHES.length], width: 1.5 };
    case "truth":
      return { stroke: scheme === "light" ? "#22282f" : "#e8ecf0", width: 1.75 };
    case "forecast":
      return { stroke: palette[0], dash: [7, 4], width: 2 };
    case "member":
      return { stroke: palette[line.color ?? 1 + (place % (palette.length - 1))], dash: [2, 3], width: 1 };
  }
}

/** The colour of marks; each has its label besides. */
const ALERT = { light: "#c2255c", dark: "#ff8fa3" };

/** Alphas of nested intervals: the narrower one lies on the wider one, so they add up. */
const FILL = 0.16;

function withAlpha(color: string, alpha: number): string {
  const [r, g, b] = [1, 3, 5].map((place) => Number.parseInt(color.slice(place, place + 2), 16));
  return `rgba(${r}, ${g}, ${b}, ${alpha})`;
}

/** The columns of a plot: time, the lines, then lower and upper end of each band. */
export function columnsOf(data: ChartData): uPlot.AlignedData {
  const { fanFrom } = data;
  const known = fanFrom === undefined ? null : data.lines.find((each) => each.role === "truth")?.values[fanFrom];
  const opened = (values: Values) => (fanFrom === undefined || known == null ? values : values.with(fanFrom, known));
  return [
    data.time,
    ...data.lines.map((each) => (each.role === "forecast" ? opened(each.values) : each.values)),
    ...data.bands.flatMap((each) => [opened(each.lower), opened(each.upper)]),
  ];
}

export function optionsOf(
  Plot: typeof uPlot,
  data: ChartData,
  look: Look,
  onZoom: (range: Range | null) => void,
  onCursor: (place: number | null) => void,
): uPlot.Options {
  const { scheme, hidden } = look;
  const paper = PAPER[scheme];
  const base = PALETTE[scheme][0];
  const axis: uPlot.Axis = {
    stroke: paper.text,
    grid: { stroke: paper.grid, width: 1 },
    ticks: { stroke: paper.grid, width: 1 },
    font: "12px system-ui, sans-serif",
  };
  const first = 1 + data.lines.length;
  const isFew = data.time.length <= 60;
  return {
    width: look.width,
    height: look.height,
    legend: { show: false },
    cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
    scales: { x: { time: data.timeZone !== null, ...spanOf(data) }, y: data.isLogarithmic ? { distr: 3 } : {} },
    tzDate: (seconds) => Plot.tzDate(new Date(seconds * 1000), data.timeZone ?? "UTC"),
    axes: [axis, { ...axis, size: 64, ...(data.isLogarithmic ? { filter: powers, grid: { ...axis.grid, filter: powers } } : {}) }],
    series: [
      {},
      ...data.lines.map((line, place) => ({
        ...strokeOf(line, place, scheme),
        label: line.label,
        show: !hidden.has(line.label),
        points: { show: isFew && line.role !== "member", size: 5 },
      })),
      ...data.bands.flatMap((band) =>
        [0, 1].map(() => ({ stroke: withAlpha(base, 0.35), width: 0.5, show: !hidden.has(band.label), points: { show: false } })),
      ),
    ],
    bands: data.bands.map((_, place) => ({
      series: [first + 2 * place + 1, first + 2 * place] as [number, number],
      fill: withAlpha(base, FILL),
    })),
    hooks: {
      drawClear: [(plot) => drawParts(plot, data, paper.text, paper.grid)],
      draw: [(plot) => drawMarks(plot, data.marks ?? {}, ALERT[scheme])],
      setSelect: [
        (plot) => {
          if (plot.select.width < 4) return;
          const from = plot.posToVal(plot.select.left, "x");
          onZoom([from, plot.posToVal(plot.select.left + plot.select.width, "x")]);
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)],
    },
  };
}

/** The period of the axis, where marks lie outside of the points. */
function spanOf({ time, marks = {} }: ChartData): Pick<uPlot.Scale, "range"> {
  const places = Object.values(marks);
  if (places.length === 0 || time.length === 0) return {};
  const every = [...time, ...places];
  return { range: [Math.min(...every), Math.max(...every)] };
}

/** Of the places of a logarithmic axis, the powers of ten. */
const powers = (_: uPlot, places: number[]) => places.map((each) => (Math.log10(each) % 1 === 0 ? each : null));

/** A line with its label at each mark. */
function drawMarks(plot: uPlot, marks: Record<string, number>, colour: string): void {
  const { ctx, bbox } = plot;
  const scale = window.devicePixelRatio;
  ctx.save();
  ctx.font = `600 ${12 * scale}px system-ui, sans-serif`;
  ctx.textBaseline = "bottom";
  ctx.fillStyle = ctx.strokeStyle = colour;
  ctx.lineWidth = 1.5 * scale;
  for (const [label, at] of Object.entries(marks)) {
    const x = Math.round(plot.valToPos(at, "x", true));
    if (x < bbox.left - 1 || x > bbox.left + bbox.width + 1) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    const isRight = x + 30 * scale > bbox.left + bbox.width;
    ctx.textAlign = isRight ? "right" : "left";
    ctx.fillText(label, x + (isRight ? -4 : 4) * scale, bbox.top + bbox.height - 4 * scale);
  }
  ctx.restore();
}

/** Marks where a part begins, with its name. */
function drawParts(plot: uPlot, data: ChartData, text: string, line: string): void {
  const { ctx, bbox } = plot;
  const scale = window.devicePixelRatio;
  ctx.save();
  ctx.font = `${11 * scale}px system-ui, sans-serif`;
  ctx.textBaseline = "top";
  for (const [name, [from]] of Object.entries(data.parts)) {
    const { min, max } = plot.scales.x;
    if (min === undefined || max === undefined || from === null || from > max) continue;
    const x = Math.round(Math.max(plot.valToPos(from, "x", true), bbox.left));
    ctx.strokeStyle = line;
    ctx.lineWidth = 2 * scale;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillStyle = text;
    ctx.fillText(name, x + 5 * scale, bbox.top + 3 * scale);
  }
  ctx.restore();
}
