import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Definition, ParameterDefinition } from "@/pages/pipelines/graph";
import { keys, refreshCollection } from "./queries";
import { del, get, patch, post } from "./request";
import type { Run } from "./runs";
import { type Entity, type Field, type Schemas, isEntity } from "./types";

export type Pipeline = Omit<Schemas["PipelineAnswer"], "definition"> & { definition: Definition };
export type PipelineCheck = Omit<Schemas["PipelineCheck"], "definition"> & { definition: Definition | null };
export type Schedule = Schemas["ScheduleAnswer"];

const path = (name: string) => `/pipelines/${encodeURIComponent(name)}`;

export function usePipelines() {
  return useQuery({
    queryKey: keys.list("pipelines"),
    queryFn: ({ signal }) => get<{ items: Pipeline[] }>("/pipelines", undefined, signal),
  });
}

export function usePipeline(name: string, version?: number) {
  return useQuery({
    queryKey: [...keys.item("pipelines"), name, version ?? "latest"],
    queryFn: ({ signal }) => get<Pipeline & { text: string; versions: number[] }>(path(name), { version }, signal),
  });
}

export type Pattern = Schemas["PatternAnswer"];

export function usePatterns() {
  return useQuery({
    queryKey: ["patterns"],
    queryFn: ({ signal }) => get<Schemas["PatternList"]>("/pipelines/patterns", undefined, signal),
    staleTime: Infinity,
  });
}

/** What the server says about a text, of a pipeline that is being written. */
export function usePipelineCheck(text: string) {
  return useQuery({
    queryKey: ["pipeline check", text],
    queryFn: ({ signal }) => post<PipelineCheck>("/pipelines/check", { definition: text }, { signal }),
    enabled: text.trim().length > 0,
    staleTime: Infinity,
    gcTime: 60_000,
    placeholderData: (before) => before,
  });
}

function useOf<A, R>(collection: string, change: (argument: A) => Promise<R>) {
  const client = useQueryClient();
  return useMutation({ mutationFn: change, onSuccess: () => refreshCollection(client, collection) });
}

export const useSavePipeline = () =>
  useOf("pipelines", (definition: string) => post<Pipeline>("/pipelines", { definition }));

export const useArchivePipeline = () => useOf("pipelines", (name: string) => del(path(name)));

interface AskedRun {
  name: string;
  version: number;
  parameters: Record<string, unknown>;
  key: string;
}

export const useRunPipeline = () =>
  useOf("runs", ({ name, ...asked }: AskedRun) => post<Run>(`${path(name)}/runs`, asked));

export function useSchedules(pipeline?: string) {
  return useQuery({
    queryKey: keys.list("schedules", { pipeline }),
    queryFn: ({ signal }) => get<{ items: Schedule[] }>("/schedules", { pipeline }, signal),
    refetchInterval: 30_000,
  });
}

export interface ScheduleValues {
  pipeline: string;
  cron: string;
  time_zone: string;
  misfire: string;
  parameters: Record<string, unknown>;
}

const schedule = (name: string) => `/schedules/${encodeURIComponent(name)}`;

export const useCreateSchedule = () =>
  useOf("schedules", (made: ScheduleValues & { name: string }) => post<Schedule>("/schedules", made));

export const useChangeSchedule = () =>
  useOf("schedules", ({ name, pipeline: _, ...values }: ScheduleValues & { name: string }) =>
    patch<Schedule>(schedule(name), values),
  );

export const useScheduleAction = () =>
  useOf("schedules", ({ name, action }: { name: string; action: "pause" | "resume" }) =>
    post<Schedule>(`${schedule(name)}/${action}`),
  );

export const useDeleteSchedule = () => useOf("schedules", (name: string) => del(schedule(name)));

/** The times that a schedule would have. */
export function useTimes(cron: string, timeZone: string) {
  return useQuery({
    queryKey: ["times", cron, timeZone],
    queryFn: ({ signal }) => get<{ items: string[] }>("/schedules/times", { cron, time_zone: timeZone }, signal),
    enabled: cron.trim() !== "" && timeZone.trim() !== "",
    staleTime: 30_000,
  });
}

export function useOrchestrator() {
  return useQuery({
    queryKey: ["orchestrator"],
    queryFn: ({ signal }) => get<Schemas["OrchestratorAnswer"]>("/orchestrator", undefined, signal),
    refetchInterval: 10_000,
  });
}

const TYPES: Record<string, Field["type"]> = {
  integer: "whole number",
  number: "number",
  string: "text",
  boolean: "true or false",
};

/** The fields of a form for the parameters of a pipeline. */
export function fieldsOfParameters(parameters: Record<string, ParameterDefinition> = {}): Field[] {
  return Object.entries(parameters).map(([name, { type, description, ...rest }]) => {
    const isList = type.endsWith("[]");
    const one = isList ? type.slice(0, -2) : type;
    const entity: Entity | null = isEntity(one) ? one : null;
    return {
      name,
      label: name,
      help: description ?? "",
      type: entity ? (isList ? "ids" : "id") : isList ? (one === "string" ? "list" : "JSON") : (TYPES[one] ?? "JSON"),
      required: !("default" in rest),
      default: rest.default ?? null,
      choices: null,
      entity,
    };
  });
}
