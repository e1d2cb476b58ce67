import type { Collection, Entity } from "@/api/types";

export interface Child {
  collection: Collection;
  /** The entity of the page's record, as the list takes it. */
  by: Entity;
  without: string[];
}

const child = (collection: Collection, by: Entity): Child => ({ collection, by, without: [`${by}_id`] });

/** What the page of a record lists below it. */
export const CHILDREN: Record<Collection, Child[]> = {
  projects: [child("ensembles", "project"), child("researches", "project"), child("models", "project")],
  "data-sources": [child("snapshots", "data_source"), child("projects", "data_source")],
  panels: [child("projects", "panel")],
  scenes: [],
  snapshots: [child("preparations", "data_snapshot")],
  preparations: [child("data-sets", "data_preparation"), child("researches", "data_preparation")],
  "data-sets": [child("models", "data_set")],
  researches: [child("models", "research")],
  models: [child("forecasts", "model")],
  ensembles: [child("forecasts", "ensemble")],
  forecasts: [],
  tables: [],
};
