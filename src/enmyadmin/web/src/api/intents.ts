import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Definition } from "@/pages/pipelines/graph";
import { refreshCollection } from "./queries";
import { get, post } from "./request";
import type { Schemas } from "./types";

export type IntentPlan = Omit<Schemas["IntentPlanAnswer"], "pipeline"> & { pipeline: Definition | null };

/** What sentences can ask for. */
export function useVerbs() {
  return useQuery({
    queryKey: ["intents"],
    queryFn: ({ signal }) => get<Schemas["IntentVerbList"]>("/intents", undefined, signal),
    staleTime: Infinity,
  });
}

export function usePlan() {
  return useMutation({ mutationFn: (sentence: string) => post<IntentPlan>("/intents/plan", { sentence }) });
}

export function useStart() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (sentence: string) => post<Schemas["StartedAnswer"]>("/intents/start", { sentence }),
    onSuccess: () => {
      for (const each of ["pipelines", "runs", "schedules"]) refreshCollection(client, each);
    },
  });
}
