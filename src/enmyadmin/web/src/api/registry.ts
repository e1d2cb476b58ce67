import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { keys, refreshCollection } from "./queries";
import { address, del, get, patch, post, put } from "./request";
import type { Run } from "./runs";
import type { Schemas } from "./types";

export type Registered = Schemas["RegisteredAnswer"];
export type RegisteredDetails = Schemas["RegisteredDetails"];
export type Version = Schemas["VersionAnswer"];
export type TimelineEvent = Schemas["TimelineAnswer"];
export type AliasChange = Schemas["AliasChangeAnswer"];

/** What an evaluation tells of one condition. */
export interface GateResult {
  gate: string;
  outcome: "passed" | "failed" | "skipped";
  message: string;
}

/** The part of a report that pages show. */
export interface EvaluationReport {
  proposal?: "promote" | "keep" | "reject";
  gates?: GateResult[];
  comparison?: { metric: string; challenger: number; champion: number; p_value: number | null; verdict: string } | null;
}

const COLLECTION = "registry";
/** Time between two looks at what other people may change, in milliseconds. */
const PERIOD = 5_000;

const path = (name: string) => `/registry/${encodeURIComponent(name)}`;
const ofVersion = (name: string, version: number) => `${path(name)}/versions/${version}`;

export function useAllRegistered() {
  return useQuery({
    queryKey: keys.list(COLLECTION),
    queryFn: ({ signal }) => get<Schemas["RegisteredList"]>("/registry", undefined, signal),
    refetchInterval: PERIOD,
  });
}

export function useRegistered(name: string) {
  return useQuery({
    queryKey: [...keys.item(COLLECTION), name],
    queryFn: ({ signal }) => get<RegisteredDetails>(path(name), undefined, signal),
    refetchInterval: PERIOD,
  });
}

export function useTimeline(name: string) {
  return useQuery({
    queryKey: [...keys.item(COLLECTION), name, "timeline"],
    queryFn: ({ signal }) => get<Schemas["TimelineList"]>(`${path(name)}/timeline`, undefined, signal),
    refetchInterval: PERIOD,
  });
}

/** The address of the page about a version, in a language. */
export const reportOf = (name: string, version: number, language: string) => address(`${ofVersion(name, version)}/report?language=${language}`);

function useRelease<A, R>(change: (argument: A) => Promise<R>, collection = COLLECTION) {
  const client = useQueryClient();
  return useMutation({ mutationFn: change, onSuccess: () => refreshCollection(client, collection) });
}

export const useCreateRegistered = () =>
  useRelease((made: { name: string; description?: string; gates?: unknown }) => post<Registered>("/registry", made));

export const useChangeRegistered = (name: string) =>
  useRelease((changed: { description?: string; gates?: unknown }) => patch<Registered>(path(name), changed));

export const useDeleteRegistered = (name: string) => useRelease(() => del(path(name)));

export const usePromote = (name: string) =>
  useRelease(({ version, remark }: { version: number; remark: string }) =>
    post<Version>(`${ofVersion(name, version)}/promote`, { remark }),
  );

export const useRollBack = (name: string) =>
  useRelease((remark: string) => post<Version>(`${path(name)}/rollback`, { remark }));

export const useReject = (name: string) =>
  useRelease(({ version, rejected }: { version: number; rejected: boolean }) =>
    patch<Version>(ofVersion(name, version), { rejected }),
  );

export const useEvaluate = (name: string) =>
  useRelease((version: number) => post<Run>(`${ofVersion(name, version)}/evaluate`), "runs");

export const useCheckVersion = (name: string) =>
  useMutation({
    mutationFn: (version: number) => get<Schemas["WholeAnswer"]>(`${ofVersion(name, version)}/check`),
  });

export const useSetAlias = (name: string) =>
  useRelease(({ alias, version }: { alias: string; version: number | null }) => {
    const place = `${path(name)}/aliases/${encodeURIComponent(alias)}`;
    return version === null ? del(place) : put(place, { version });
  });
