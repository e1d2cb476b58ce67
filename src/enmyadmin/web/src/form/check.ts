import type { Field } from "@/api/types";
import type { Key } from "@/i18n";

/** The message of a value that cannot be right; null if the server is to judge. */
export function check(field: Field, value: unknown): Key | null {
  const isEmpty = value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
  if (isEmpty) return field.required ? "check.required" : null;
  if (field.type === "whole number" && !Number.isInteger(value)) return "check.whole_number";
  if (field.type === "number" && typeof value !== "number") return "check.number";
  if (field.type === "JSON" && typeof value === "string") return "check.json";
  return null;
}
