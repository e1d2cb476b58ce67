/** What the REST interface answers; the build generates `openapi.d.ts` from its committed description. */
import type { components } from "./openapi";

export type Schemas = components["schemas"];

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The same with entities instead of any text. */
export type OfEntities<T extends { entity: string }> = Omit<T, "entity"> & { entity: Entity };

export type Found = OfEntities<Schemas["FoundRecord"]>;
export type Reference = Schemas["ParentReference"];

export interface Item {
  entity: Entity;
  id: number;
  name: string | null;
  description: string;
  tags: Record<string, Json> | null;
  created_at: string;
  updated_at: string;
  parents: Record<string, Reference | null>;
  facts?: Record<string, Json>;
  in_trash: boolean;
  [column: string]: unknown;
}

export interface Page<T = Item> {
  items: T[];
  next: string | null;
  count: { value: number; capped: boolean } | null;
}

export type Column = Schemas["ColumnSchema"] & { entity?: Entity | null };

/** A field of a form: one of the interface, or one that the page made of a JSON Schema. */
export type Field = Omit<Schemas["FieldSchema"], "type" | "default" | "choices" | "entity"> & {
  type: "text" | "number" | "whole number" | "true or false" | "time" | "id" | "ids" | "list" | "JSON";
  default: Json;
  choices: string[] | null;
  entity: Entity | null;
  /** Of an object. */
  parameters?: Field[];
};

export type CollectionSchema = Omit<Schemas["CollectionSchema"], "path" | "entity" | "columns" | "fields" | "changeable" | "within"> & {
  path: Collection;
  entity: Entity;
  columns: Column[];
  /** Of a new record. */
  fields: Field[];
  /** Of a record that exists. */
  changeable: Field[];
  /** Entities that a list can be narrowed to. */
  within: Entity[];
};

export type Schema = Record<Collection, CollectionSchema>;

export type Session = Schemas["SessionState"];

/** Collections of the interface, and the entity of each. */
export const ENTITY_OF = {
  projects: "project",
  "data-sources": "data_source",
  panels: "panel",
  scenes: "scene",
  snapshots: "data_snapshot",
  preparations: "data_preparation",
  "data-sets": "data_set",
  researches: "research",
  models: "model",
  ensembles: "ensemble",
  forecasts: "forecast",
  tables: "data_csv",
} as const;

export type Collection = keyof typeof ENTITY_OF;
export type Entity = (typeof ENTITY_OF)[Collection];

export const COLLECTIONS = Object.keys(ENTITY_OF) as Collection[];

const COLLECTION_OF = Object.fromEntries(COLLECTIONS.map((each) => [ENTITY_OF[each], each])) as Record<
  Entity,
  Collection
>;

export const collectionOf = (entity: Entity): Collection => COLLECTION_OF[entity];
export const isCollection = (text: string): text is Collection => text in ENTITY_OF;
export const isEntity = (text: string): text is Entity => text in COLLECTION_OF;
