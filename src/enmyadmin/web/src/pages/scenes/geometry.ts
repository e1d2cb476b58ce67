import type { Item } from "@/api/types";

export type Place = [x: number, y: number];
export type Ring = Place[];
export type Edges = [west: number, south: number, east: number, north: number];

/** The outline of a scene in degrees: its footprint, else its bounds. */
export function ringsOf(scene: Item): Ring[] {
  const footprint = scene.footprint as { type?: string; coordinates?: unknown } | null;
  if (footprint?.type === "Polygon") return footprint.coordinates as Ring[];
  if (footprint?.type === "MultiPolygon") return (footprint.coordinates as Ring[][]).flat();
  const [west, south, east, north] = ["west", "south", "east", "north"].map((name) => scene[name] as number);
  const isKnown = [west, south, east, north].every(Number.isFinite) && (east - west < 360 || north - south < 180);
  if (!isKnown) return [];
  return [[[west, south], [east, south], [east, north], [west, north]]];
}

/** Degrees to points of a map of a size, of the same scale in both directions at its middle, north up. */
export function projectionOf(points: Place[], width: number, height: number, margin: number) {
  const edge = (axis: 0 | 1, of: (...values: number[]) => number) => points.reduce((found, each) => of(found, each[axis]), points[0][axis]);
  const [west, south, east, north] = [edge(0, Math.min), edge(1, Math.min), edge(0, Math.max), edge(1, Math.max)];
  const middle = (south + north) / 2;
  const narrow = Math.max(0.05, Math.cos((middle * Math.PI) / 180));
  const smallest = 1e-6;
  const scale = Math.min(
    (width - 2 * margin) / Math.max((east - west) * narrow, smallest),
    (height - 2 * margin) / Math.max(north - south, smallest),
  );
  const centre = (west + east) / 2;
  const at = ([x, y]: Place): Place => [width / 2 + (x - centre) * narrow * scale, height / 2 - (y - middle) * scale];
  const halfWidth = width / 2 / scale / narrow;
  const halfHeight = height / 2 / scale;
  return { at, edges: [centre - halfWidth, middle - halfHeight, centre + halfWidth, middle + halfHeight] as Edges };
}

/** Round degrees within a map, about four in each direction. */
export function graticule([west, south, east, north]: Edges): { degrees: number; isMeridian: boolean; decimals: number }[] {
  const along = (from: number, to: number, isMeridian: boolean) => {
    const rough = (to - from) / 4;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? rough;
    const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const found = [];
    for (let number = Math.ceil(from / step); number * step <= to; number += 1)
      found.push({ degrees: number * step, isMeridian, decimals });
    return found;
  };
  return [...along(west, east, true), ...along(south, north, false)];
}
