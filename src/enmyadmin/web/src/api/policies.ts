import { useMutation, useQuery } from "@tanstack/react-query";
import { keys } from "./queries";
import { get, post } from "./request";
import type { Schemas } from "./types";

export type Permissions = Schemas["PermissionTable"];
export type Question = Schemas["PolicyQuestion"];
export type Explanation = Schemas["PolicyExplanation"];
export type TestResult = Schemas["PolicyTestItem"];

export function usePermissions() {
  return useQuery({
    queryKey: keys.list("policies", "permissions"),
    queryFn: ({ signal }) => get<Permissions>("/policies/permissions", undefined, signal),
  });
}

export const useExplain = () =>
  useMutation({ mutationFn: (asked: Partial<Question>) => post<Explanation>("/policies/explain", asked) });

export const useTestPolicies = () =>
  useMutation({ mutationFn: (text: string) => post<Schemas["PolicyTests"]>("/policies/test", { text }) });
