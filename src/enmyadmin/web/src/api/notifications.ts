import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { keys, refreshCollection } from "./queries";
import { del, get, patch, post } from "./request";
import type { Schemas } from "./types";

export type Rule = Schemas["RuleAnswer"];
export type Notice = Schemas["NoticeAnswer"];
export type RuleValues = Pick<Rule, "channel" | "events" | "digest_seconds"> & {
  fallback: string | null;
  condition: Partial<Rule["condition"]>;
};

const path = (name: string) => `/notifications/rules/${encodeURIComponent(name)}`;

export function useRules() {
  return useQuery({
    queryKey: keys.list("rules"),
    queryFn: ({ signal }) => get<Schemas["RuleList"]>("/notifications/rules", undefined, signal),
  });
}

export function useNotices() {
  return useQuery({
    queryKey: keys.list("notices"),
    queryFn: ({ signal }) => get<Schemas["NoticeList"]>("/notifications", { limit: 50 }, signal),
    refetchInterval: 5_000,
  });
}

export function useChannels() {
  return useQuery({
    queryKey: ["channels"],
    queryFn: ({ signal }) => get<Schemas["ChannelList"]>("/notifications/channels", undefined, signal),
    staleTime: 60_000,
  });
}

function useRuleChange<A, R>(change: (argument: A) => Promise<R>) {
  const client = useQueryClient();
  return useMutation({ mutationFn: change, onSuccess: () => refreshCollection(client, "rules") });
}

export const useCreateRule = () =>
  useRuleChange((made: RuleValues & { name: string }) => post<Rule>("/notifications/rules", made));

export const useChangeRule = () =>
  useRuleChange(({ name, ...values }: Partial<RuleValues> & { name: string; enabled?: boolean }) =>
    patch<Rule>(path(name), values),
  );

export const useDeleteRule = () => useRuleChange((name: string) => del(path(name)));

export const useTestChannel = () =>
  useMutation({ mutationFn: (channel: string) => post<null>("/notifications/test", { channel }) });
