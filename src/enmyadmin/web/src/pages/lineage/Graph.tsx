import { useComputedColorScheme } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { Background, Controls, type Edge, type Node, ReactFlow } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { useMemo } from "react";
import { collectionOf, isEntity } from "@/api/types";
import { useTexts } from "@/i18n";
import { layersOf } from "@/pages/pipelines/graph";
import type { Lineage } from "./LineagePage";

/** Of records and the space between them: from left to right, on narrow screens from top to bottom. */
const WIDE = { width: 190, layer: 230, row: 74, leastZoom: 0.05, ends: ["right", "left"] } as const;
const NARROW = { width: 150, layer: 92, row: 166, leastZoom: 0.75, ends: ["bottom", "top"] } as const;

/** More records of a layer than these stand side by side. */
const MOST_IN_LINE = 8;

export default function Graph({ lineage, centre }: { lineage: Lineage; centre: string }) {
  const { t } = useTexts();
  const navigate = useNavigate();
  const scheme = useComputedColorScheme("light");
  const isNarrow = useMediaQuery("(max-width: 48em)", false, { getInitialValueInEffect: false });
  const form = isNarrow ? NARROW : WIDE;
  const { nodes, edges } = useMemo(() => {
    const layers = layersOf(lineage.nodes.length, lineage.edges);
    const filled: number[] = [];
    const counts: number[] = [];
    for (const layer of layers) counts[layer] = (counts[layer] ?? 0) + 1;
    const lines = counts.map((each) => Math.ceil(each / MOST_IN_LINE));
    const firstOf = (layer: number) => lines.slice(0, layer).reduce((sum, each) => sum + each, 0);
    const nodes: Node[] = lineage.nodes.map(({ entity, id, name }, place) => {
      const layer = layers[place];
      const before = (filled[layer] = (filled[layer] ?? -1) + 1);
      const column = firstOf(layer) + Math.floor(before / MOST_IN_LINE);
      const row = before % MOST_IN_LINE;
      const inLine = Math.min(counts[layer] - (before - row), MOST_IN_LINE);
      const kind = isEntity(entity) ? t(`one.${collectionOf(entity)}`) : entity;
      const isCentre = `${entity}/${id}` === centre;
      return {
        id: String(place),
        position: isNarrow ? { x: (row - inLine / 2) * form.row, y: column * form.layer } : { x: column * form.layer, y: row * form.row },
        data: { label: `${kind} ${id}${name ? `: ${name}` : ""}` },
        sourcePosition: form.ends[0],
        targetPosition: form.ends[1],
        ariaLabel: `${kind} ${name ?? id}`,
        style: { width: form.width, fontWeight: isCentre ? 700 : 400, borderWidth: isCentre ? 3 : 1, fontSize: 12 },
      } as Node;
    });
    const edges: Edge[] = lineage.edges.map(([from, to]) => ({
      id: `${from}-${to}`,
      source: String(from),
      target: String(to),
      ariaLabel: `${nodes[from].ariaLabel} → ${nodes[to].ariaLabel}`,
    }));
    return { nodes, edges };
  }, [lineage, centre, form, isNarrow, t]);
  return (
    <div style={{ height: "min(60vh, 560px)", border: "1px solid var(--app-line)", borderRadius: 4 }}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        colorMode={scheme}
        fitView
        fitViewOptions={{ minZoom: form.leastZoom, maxZoom: 1.2 }}
        minZoom={0.05}
        nodesDraggable={false}
        nodesConnectable={false}
        // The table below has the same records as links: by the keyboard they are opened there.
        nodesFocusable={false}
        edgesFocusable={false}
        ariaLabelConfig={{
          "node.a11yDescription.default": t("lineage.help"),
          "node.a11yDescription.keyboardDisabled": t("lineage.help"),
          "edge.a11yDescription.default": t("lineage.help"),
          "controls.ariaLabel": t("lineage.title"),
          "controls.zoomIn.ariaLabel": t("chart.in"),
          "controls.zoomOut.ariaLabel": t("chart.out"),
          "controls.fitView.ariaLabel": t("lineage.fit"),
        }}
        onNodeClick={(_, node) => {
          const { entity, id } = lineage.nodes[Number(node.id)];
          if (isEntity(entity)) void navigate({ to: `/${collectionOf(entity)}/${id}` as never });
        }}
        proOptions={{ hideAttribution: true }}
      >
        <Background />
        <Controls showInteractive={false} />
      </ReactFlow>
    </div>
  );
}
