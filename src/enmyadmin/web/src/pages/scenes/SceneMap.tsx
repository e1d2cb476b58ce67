import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Item } from "@/api/types";
import { useTexts } from "@/i18n";
import { type Place, type Ring, graticule, projectionOf, ringsOf } from "./geometry";

const WIDTH = 480;
const HEIGHT = 190;
const MARGIN = 30;
/** On a wide page; on a narrow one the map shrinks with its texts. */
const WIDEST = 600;

/** Outlines of scenes on a plain map: degrees, and nothing from elsewhere. What it shows is in a table, too. */
export function SceneMap({ scenes }: { scenes: Item[] }) {
  const { t, language } = useTexts();
  const navigate = useNavigate();
  const map = useMemo(() => mapOf(scenes), [scenes]);
  if (!map) return null;
  const { outlines, lines, path } = map;
  const figure = (value: number, decimals: number) =>
    value.toLocaleString(language, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  const share = (value: number) => value.toLocaleString(language, { style: "percent", maximumFractionDigits: 0 });
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width="100%" style={{ maxWidth: WIDEST, display: "block" }} aria-hidden>
      <rect width={WIDTH} height={HEIGHT} fill="var(--app-panel)" stroke="var(--app-line)" />
      {lines.map(({ degrees, decimals, from, to, isMeridian }) => (
        <g key={`${isMeridian}${degrees}`}>
          <line x1={from[0]} y1={from[1]} x2={to[0]} y2={to[1]} stroke="var(--app-line)" />
          <text
            x={isMeridian ? from[0] : 4}
            y={isMeridian ? HEIGHT - 5 : from[1] - 3}
            textAnchor={isMeridian ? "middle" : "start"}
            fontSize={10}
            fill="var(--mantine-color-dimmed)"
          >
            {figure(Math.abs(degrees), decimals)}° {t(sideOf(degrees, isMeridian))}
          </text>
        </g>
      ))}
      {outlines.map(({ rings, scenes: own }) => (
        <path
          key={own[0].id}
          d={rings.map(path).join("")}
          fill="var(--mantine-color-anchor)"
          fillOpacity={0.12}
          fillRule="evenodd"
          stroke="var(--mantine-color-anchor)"
          strokeWidth={1.5}
          style={own.length === 1 ? { cursor: "pointer" } : undefined}
          onClick={own.length === 1 ? () => navigate({ to: `/scenes/${own[0].id}` as never }) : undefined}
        >
          <title>
            {own.length > 1
              ? t("scenes.count", { n: own.length })
              : `${own[0].name} ${typeof own[0].cloud_share === "number" ? share(own[0].cloud_share) : ""}`}
          </title>
        </path>
      ))}
    </svg>
  );
}

function sideOf(degrees: number, isMeridian: boolean) {
  if (isMeridian) return degrees < 0 ? "scenes.west" : "scenes.east";
  return degrees < 0 ? "scenes.south" : "scenes.north";
}

interface Outline {
  rings: Ring[];
  scenes: Item[];
}

/** Scenes of one place are one outline; all are within the map, north up. */
function mapOf(scenes: Item[]) {
  const byPlace = new Map<string, Outline>();
  for (const scene of scenes) {
    const rings = ringsOf(scene);
    if (rings.length === 0) continue;
    const key = JSON.stringify(rings.flat().map(([x, y]) => [x.toFixed(4), y.toFixed(4)]));
    const known = byPlace.get(key);
    if (known) known.scenes.push(scene);
    else byPlace.set(key, { rings, scenes: [scene] });
  }
  const outlines = [...byPlace.values()];
  const points = outlines.flatMap((each) => each.rings.flat());
  if (points.length === 0) return null;
  const place = projectionOf(points, WIDTH, HEIGHT, MARGIN);
  const path = (ring: Ring) => `M${ring.map((each) => place.at(each).map((value) => value.toFixed(1)).join(" ")).join("L")}Z`;
  const lines = graticule(place.edges).map(({ degrees, isMeridian, decimals }) => {
    const along = (other: number): Place => place.at(isMeridian ? [degrees, other] : [other, degrees]);
    const [low, high] = isMeridian ? [place.edges[1], place.edges[3]] : [place.edges[0], place.edges[2]];
    return { from: along(low), to: along(high), isMeridian, degrees, decimals };
  });
  return { outlines, lines, path };
}
