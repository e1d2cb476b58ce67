import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { fieldsOfSchema } from "@/form/jsonSchema";
import { keys, refreshCollection } from "./queries";
import { ROOT, get, post } from "./request";
import type { Field, Json, Schemas } from "./types";

export type Run = Schemas["RunAnswer"] & Partial<Pick<Schemas["RunDetailsAnswer"], "steps" | "pipeline">>;
export type Step = Schemas["StepAnswer"];
export type RunState = Run["state"];
export type StepState = Schemas["StepAnswer"]["state"];

export interface RunEvent {
  id: number;
  kind: "state" | "progress" | "log" | "partial" | "result";
  data: Record<string, Json>;
}

export interface Kind {
  name: string;
  title: string;
  action: string;
  fields: Field[];
}

/** Time between two looks at a run that is not over, in milliseconds. */
const RUN_PERIOD = 4_000;

const FINAL: RunState[] = ["succeeded", "failed", "cancelled"];

export const isFinal = (state: RunState): boolean => FINAL.includes(state);

export function useKinds() {
  return useQuery({
    queryKey: ["kinds"],
    queryFn: async ({ signal }) => {
      const { items } = await get<Schemas["KindList"]>("/kinds", undefined, signal);
      return items.map((each): Kind => ({ ...each, fields: fieldsOfSchema(each.arguments as Json) }));
    },
    staleTime: Infinity,
  });
}

export function useRun(id: number | null) {
  return useQuery({
    queryKey: keys.item("runs", id ?? 0),
    queryFn: ({ signal }) => get<Run>(`/runs/${id}`, { logs: false }, signal),
    enabled: id !== null,
    // Events tell of states; steps, attempts and their times are read again now and then.
    refetchInterval: ({ state: { data } }) => (data && !isFinal(data.state) ? RUN_PERIOD : false),
  });
}

export function useSubmit() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (asked: { kind: string; arguments: Record<string, unknown>; key?: string }) => post<Run>("/runs", asked),
    onSuccess: () => refreshCollection(client, "runs"),
  });
}

export function useRunAction(id: number, action: "cancel" | "retry") {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => post<Run>(`/runs/${id}/${action}`),
    onSuccess: () => refreshCollection(client, "runs"),
  });
}

/** Events that the page keeps, at most. */
const KEPT = 2_000;
/** Events within this time are shown at once, in milliseconds. */
const GATHERED = 100;

/** The events of a run as they come. The browser connects again by itself and asks for what it missed. */
export function useRunEvents(id: number | null, isOver: boolean): RunEvent[] {
  const client = useQueryClient();
  const [events, setEvents] = useState<RunEvent[]>([]);
  const waiting = useRef<RunEvent[]>([]);
  useEffect(() => {
    setEvents([]);
    waiting.current = [];
  }, [id]);
  useEffect(() => {
    if (id === null) return;
    const source = new EventSource(`${ROOT}/runs/${id}/events`);
    let timer = 0;
    const show = () => {
      const news = waiting.current;
      waiting.current = [];
      timer = 0;
      setEvents((all) => {
        const known = new Set(all.map((each) => each.id));
        return [...all, ...news.filter((each) => !known.has(each.id))].slice(-KEPT);
      });
      if (news.some((each) => each.kind === "state" || each.kind === "result")) refreshCollection(client, "runs", id);
    };
    const take = (event: MessageEvent) => {
      const data = JSON.parse(event.data);
      waiting.current.push({ id: Number(event.lastEventId), kind: event.type as RunEvent["kind"], data });
      timer ||= window.setTimeout(show, GATHERED);
    };
    for (const kind of ["state", "progress", "log", "partial", "result"]) source.addEventListener(kind, take);
    // A run that is over says nothing more: what is stored of it is read once, and the stream is left.
    const leave = isOver ? window.setTimeout(() => source.close(), 2_000) : 0;
    return () => {
      window.clearTimeout(timer);
      window.clearTimeout(leave);
      source.close();
    };
  }, [id, isOver, client]);
  return events;
}

/** The latest partial result of a name. */
export function latestPartial<T>(events: RunEvent[], name: string): T | null {
  const found = events.findLast((each) => each.kind === "partial" && each.data.name === name);
  return found ? (found.data.data as T) : null;
}

export interface Progress {
  what: string;
  done: number;
  total: number;
}

/** The latest progress: of the events, or, before the first one, of the step that runs. */
export function progressOf(run: Run, events: RunEvent[]): Progress | null {
  const event = events.findLast((each) => each.kind === "progress");
  if (event) return event.data as unknown as Progress;
  const step = run.steps?.find((each) => each.state === "running" && each.progress_what);
  return step ? { what: step.progress_what, done: step.progress_done, total: step.progress_total } : null;
}
