import { Text } from "@mantine/core";
import { useElementSize, useMediaQuery } from "@mantine/hooks";
import { IconStack2 } from "@tabler/icons-react";
import { useMemo } from "react";
import type { StepState } from "@/api/runs";
import { useTexts } from "@/i18n";
import { StateIcon } from "@/pages/runs/StateBadge";
import { type GraphStep, layoutOf } from "./graph";
import classes from "./StepGraph.module.css";

const WIDE = 176;
/** Two of these stand side by side on a phone. */
const NARROW = 160;
const HEIGHT = 52;
const BETWEEN_LAYERS = 36;
const BETWEEN_ROWS = 16;
/** A graph that is wider than its place is made smaller, down to what can be read; then it scrolls. */
const SMALLEST = 0.65;
/** Larger graphs are shown as a table alone. */
const MOST_STEPS = 300;

interface Properties {
  steps: GraphStep[];
  label: string;
  /** Of a run. */
  states?: Map<string, StepState>;
  /** From top to bottom, wherever it is. */
  isVertical?: boolean;
}

/** The steps of a pipeline from left to right, on narrow screens from top to bottom, with lines from those that go first. */
export function StepGraph({ steps, label, states, isVertical = false }: Properties) {
  const { t } = useTexts();
  const isPhone = useMediaQuery("(max-width: 48em)", false, { getInitialValueInEffect: false });
  const isNarrow = isPhone || isVertical;
  const WIDTH = isNarrow ? NARROW : WIDE;
  const { ref, width: place } = useElementSize();
  const layout = useMemo(() => layoutOf(steps), [steps]);
  if (steps.length === 0) return null;
  if (steps.length > MOST_STEPS) return <Text c="dimmed">{t("pipelines.too_large", { n: steps.length })}</Text>;
  // Rows of a layer that has fewer of them stand in the middle; on a phone, which shows two of them, they begin at its left.
  const inLayer = new Array<number>(layout.layers).fill(0);
  for (const each of layout.steps) inLayer[each.layer]++;
  const corner = (at: number): [x: number, y: number] => {
    const { layer, row } = layout.steps[at];
    const free = isPhone ? 0 : (layout.rows - inLayer[layer]) / 2;
    return isNarrow
      ? [(row + free) * (WIDTH + BETWEEN_ROWS), layer * (HEIGHT + BETWEEN_LAYERS)]
      : [layer * (WIDTH + BETWEEN_LAYERS), (row + free) * (HEIGHT + BETWEEN_ROWS)];
  };
  const line = ([from, to]: [number, number]): string => {
    const [x1, y1] = corner(from);
    const [x2, y2] = corner(to);
    if (isNarrow) {
      const [a, b, c, d] = [x1 + WIDTH / 2, y1 + HEIGHT, x2 + WIDTH / 2, y2];
      return `M${a} ${b} C${a} ${(b + d) / 2} ${c} ${(b + d) / 2} ${c} ${d}`;
    }
    const [a, b, c, d] = [x1 + WIDTH, y1 + HEIGHT / 2, x2, y2 + HEIGHT / 2];
    return `M${a} ${b} C${(a + c) / 2} ${b} ${(a + c) / 2} ${d} ${c} ${d}`;
  };
  const along = isNarrow ? layout.rows : layout.layers;
  const across = isNarrow ? layout.layers : layout.rows;
  const width = along * WIDTH + (along - 1) * (isNarrow ? BETWEEN_ROWS : BETWEEN_LAYERS);
  const height = across * HEIGHT + (across - 1) * (isNarrow ? BETWEEN_LAYERS : BETWEEN_ROWS);
  const zoom = isPhone || !place ? 1 : Math.max(SMALLEST, Math.min(1, place / width));
  return (
    <div className={classes.scroll} ref={ref} tabIndex={0} role="group" aria-label={label}>
      <div className={classes.paper} style={{ width, height, zoom }}>
        <svg width={width} height={height} aria-hidden className={classes.lines}>
          {layout.edges.map(([from, to]) => (
            <path key={`${from}-${to}`} d={line([from, to])} />
          ))}
        </svg>
        {layout.steps.map((step, at) => {
          const [left, top] = corner(at);
          const state = states?.get(step.name);
          return (
            <div key={step.name} className={classes.step} data-state={state} style={{ left, top, width: WIDTH, height: HEIGHT }}>
              <div className={classes.name}>
                <span title={step.name}>{step.name}</span>
                {step.isForEach && <IconStack2 size={15} aria-label={t("pipelines.for_each")} role="img" />}
                {state && <StateIcon state={state} />}
              </div>
              <div className={classes.kind} title={step.kind}>
                {step.kind}
              </div>
            </div>
          );
        })}
      </div>
    </div>
  );
}
