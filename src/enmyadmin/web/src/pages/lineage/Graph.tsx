import { useComputedColorScheme } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { Background, Controls, type Edge, type Node, ReactFlow } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { useMemo } from "react";
import { collectionOf, isEntity } from "@/api/types";
import { useTexts } from "@/i18n";
import { layersOf } from "@/pages/pipelines/graph";
import type { Lineage } from "./LineagePage";

const COLUMN = 230;
const ROW = 74;

export default function Graph({ lineage, centre }: { lineage: Lineage; centre: string }) {
  const { t } = useTexts();
  const navigate = useNavigate();
  const scheme = useComputedColorScheme("light");
  const { nodes, edges } = useMemo(() => {
    const layers = layersOf(lineage.nodes.length, lineage.edges);
    const filled: number[] = [];
    const nodes: Node[] = lineage.nodes.map(({ entity, id, name }, place) => {
      const column = layers[place];
      const row = (filled[column] = (filled[column] ?? -1) + 1);
      const kind = isEntity(entity) ? t(`one.${collectionOf(entity)}`) : entity;
      const isCentre = `${entity}/${id}` === centre;
      return {
        id: String(place),
        position: { x: column * COLUMN, y: row * ROW },
        data: { label: `${kind} ${id}${name ? `: ${name}` : ""}` },
        sourcePosition: "right",
        targetPosition: "left",
        ariaLabel: `${kind} ${name ?? id}`,
        style: { width: 190, fontWeight: isCentre ? 700 : 400, borderWidth: isCentre ? 3 : 1, fontSize: 12 },
      } as Node;
    });
    const edges: Edge[] = lineage.edges.map(([from, to]) => ({
      id: `${from}-${to}`,
      source: String(from),
      target: String(to),
      ariaLabel: `${nodes[from].ariaLabel} → ${nodes[to].ariaLabel}`,
    }));
    return { nodes, edges };
  }, [lineage, centre, t]);
  return (
    <div style={{ height: "min(60vh, 560px)", border: "1px solid var(--app-line)", borderRadius: 4 }}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        colorMode={scheme}
        fitView
        fitViewOptions={{ maxZoom: 1.2 }}
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
