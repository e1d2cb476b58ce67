import { type ComponentType, type LazyExoticComponent, lazy } from "react";
import type { Collection, Item } from "@/api/types";

export interface SectionProperties {
  item: Item;
}

type Section = LazyExoticComponent<ComponentType<SectionProperties>>;

/** What the page of an entity shows first, above what all pages have. */
export const sections: Partial<Record<Collection, Section>> = {
  "data-sources": lazy(() => import("./DataSourceSection")),
  panels: lazy(() => import("./PanelSection")),
  scenes: lazy(() => import("./SceneSection")),
  snapshots: lazy(() => import("./SnapshotSection")),
  preparations: lazy(() => import("./PreparationSection")),
  "data-sets": lazy(() => import("./DataSetSection")),
  models: lazy(() => import("./ModelSection")),
  ensembles: lazy(() => import("./EnsembleSection")),
  forecasts: lazy(() => import("./ForecastSection")),
};
