import type { Json } from "@/api/types";

/** A step of a pipeline as its definition describes it. */
export interface StepDefinition {
  kind: string;
  with?: Record<string, Json>;
  for_each?: string;
  needs?: string[];
  may_fail?: boolean;
}

export interface ParameterDefinition {
  type: string;
  default?: Json;
  description?: string;
}

export interface Definition {
  name: string;
  description?: string;
  parameters?: Record<string, ParameterDefinition>;
  steps: Record<string, StepDefinition>;
}

/** A step as the graph shows it; `needs` are names of steps. */
export interface GraphStep {
  name: string;
  kind: string;
  needs: string[];
  isForEach: boolean;
}

const REFERENCE = /^\$\{([A-Za-z_][\w-]*)\.[A-Za-z_]\w*\}$/;

function* referencedSteps(value: Json | undefined): Generator<string> {
  if (typeof value === "string") {
    const found = REFERENCE.exec(value);
    if (found) yield found[1];
  } else if (value && typeof value === "object") for (const each of Object.values(value)) yield* referencedSteps(each);
}

/** The steps of a definition with those that each refers to or needs. */
export function stepsOf(definition: Definition): GraphStep[] {
  return Object.entries(definition.steps ?? {}).map(([name, step]) => ({
    name,
    kind: step.kind,
    needs: [...new Set([...(step.needs ?? []), ...referencedSteps(step.with), ...referencedSteps(step.for_each)])].filter(
      (each) => each in definition.steps,
    ),
    isForEach: Boolean(step.for_each),
  }));
}

/** The layer of each node: the longest way from a node that nothing leads to. */
export function layersOf(count: number, edges: [number, number][]): number[] {
  const layers: number[] = new Array(count).fill(0);
  for (let round = 0; round < count; round++) {
    let changed = false;
    for (const [from, to] of edges)
      if (layers[to] < layers[from] + 1) {
        layers[to] = layers[from] + 1;
        changed = true;
      }
    if (!changed) break;
  }
  return layers;
}

export interface Placed extends GraphStep {
  layer: number;
  row: number;
}

export interface Layout {
  steps: Placed[];
  /** By places in `steps`. */
  edges: [number, number][];
  layers: number;
  rows: number;
}

/** Places steps in layers; in each the rows follow the mean row of what they need, so that few lines cross. */
export function layoutOf(steps: GraphStep[]): Layout {
  const place = new Map(steps.map((each, at) => [each.name, at]));
  const edges = steps.flatMap((each, to) => each.needs.map((name): [number, number] => [place.get(name)!, to]));
  const layer = layersOf(steps.length, edges);
  const rows: number[] = new Array(steps.length).fill(0);
  const layers = Math.max(0, ...layer) + (steps.length > 0 ? 1 : 0);
  let most = 0;
  for (let each = 0; each < layers; each++) {
    const own = steps.map((_, at) => at).filter((at) => layer[at] === each);
    const wish = (at: number) => {
      const from = edges.filter(([, to]) => to === at).map(([source]) => rows[source]);
      return from.length ? from.reduce((sum, row) => sum + row, 0) / from.length : at;
    };
    const wishes = new Map(own.map((at) => [at, wish(at)]));
    own.sort((a, b) => wishes.get(a)! - wishes.get(b)!);
    own.forEach((at, row) => (rows[at] = row));
    most = Math.max(most, own.length);
  }
  return { steps: steps.map((each, at) => ({ ...each, layer: layer[at], row: rows[at] })), edges, layers, rows: most };
}
