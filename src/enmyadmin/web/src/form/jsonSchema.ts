import type { Entity, Field, Json } from "@/api/types";
import { isEntity } from "@/api/types";

interface Described {
  type?: string | string[];
  anyOf?: Described[];
  enum?: Json[];
  description?: string;
  title?: string;
  default?: Json;
  format?: string;
  items?: Described;
  [further: `x-${string}`]: unknown;
}

const TYPES: Record<string, Field["type"]> = {
  string: "text",
  integer: "whole number",
  number: "number",
  boolean: "true or false",
  array: "list",
  object: "JSON",
};

/** Names of arguments that hold ids, where the schema does not say of what. */
function entityOf(name: string): Entity | null {
  const one = name.replace(/_ids?$/, "");
  const single = one.endsWith("s") ? one.slice(0, -1) : one;
  return isEntity(one) ? one : isEntity(single) ? single : null;
}

/** The fields of a form, from a JSON Schema of an object. */
export function fieldsOfSchema(schema: Json): Field[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Record<string, Described>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, own]) => {
    const real = own.anyOf?.find((each) => each.type !== "null") ?? own;
    const given = Array.isArray(real.type) ? real.type.find((each) => each !== "null") : real.type;
    const entity = given === "integer" || real.items?.type === "integer" ? entityOf(name) : null;
    const type = entity ? (given === "array" ? "ids" : "id") : (TYPES[given ?? "object"] ?? "JSON");
    return {
      name,
      label: name.replaceAll("_", " "),
      help: own.description ?? "",
      type,
      required: required.includes(name),
      default: own.default ?? null,
      choices: (real.enum?.filter((each) => each !== null).map(String) as string[] | undefined) ?? null,
      entity,
      parameters: own["x-parameters"] as Field[] | undefined,
    };
  });
}
