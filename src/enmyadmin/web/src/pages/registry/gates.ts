import type { Field, Json } from "@/api/types";

const gate = (name: string, type: Field["type"], help: string, standard: Json = null, choices: string[] | null = null): Field => ({
  name,
  label: name.replaceAll("_", " "),
  help,
  type,
  required: false,
  default: standard,
  choices,
  entity: null,
});

/** The conditions of a promotion, as fields of a form. */
export const GATES: Field[] = [
  gate("limits", "JSON", 'Largest errors on test rows, such as {"mae": 20}.', {}),
  gate("floors", "JSON", 'Limits for the worst group, such as [{"by": "month", "limit": 25}].', []),
  gate("challenge", "text", "Beside the version in production.", "not_worse", ["better", "not_worse", "none"]),
  gate("metric", "text", "Of the comparison with production.", "mae", ["mae", "mse", "rmse"]),
  gate("significance", "number", "Of the test in that comparison.", 0.05),
  gate("regression", "number", "Share by which it may be worse on the test rows of production.", 0.1),
  gate("latency_seconds", "number", "Longest time of a forecast.", null),
  gate("memory_mb", "number", "Largest memory of a forecast, in MB.", null),
  gate("horizon", "whole number", "Steps of that forecast.", 1),
  gate("claims", "text", "Errors that rest on what was said and not done here.", "told", ["told", "refused"]),
];

/** Those that most people leave as they are. */
export const FURTHER_GATES = ["metric", "significance", "regression", "latency_seconds", "memory_mb", "horizon", "claims"];
