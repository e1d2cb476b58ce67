import type { Run } from "@/api/runs";
import { formatDuration } from "@/table/format";

/** How long something took, or takes by now. */
export function durationOf(run: Pick<Run, "started_at" | "finished_at">, language: string): string {
  if (!run.started_at) return "–";
  const end = run.finished_at ? Date.parse(run.finished_at) : Date.now();
  return formatDuration(Math.max(0, (end - Date.parse(run.started_at)) / 1000), language);
}
