import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { keys, refreshCollection } from "./queries";
import { get, post } from "./request";
import type { Run } from "./runs";
import type { Schemas } from "./types";

export type Monitored = Schemas["MonitoredAnswer"];
export type Alert = Schemas["AlertAnswer"];
export type Observation = Schemas["ObservationAnswer"];

const COLLECTION = "monitoring";
/** Time between two looks at what a monitor may have found, in milliseconds. */
const PERIOD = 10_000;

export function useMonitored() {
  return useQuery({
    queryKey: keys.list(COLLECTION),
    queryFn: ({ signal }) => get<Schemas["MonitoredList"]>("/monitoring", undefined, signal),
    refetchInterval: PERIOD,
  });
}

export function useAlerts(name?: string) {
  return useQuery({
    queryKey: keys.list(COLLECTION, { alerts: name ?? "" }),
    queryFn: ({ signal }) => get<Schemas["AlertList"]>("/monitoring/alerts", { name, limit: 100 }, signal),
    refetchInterval: PERIOD,
  });
}

export function useObservations(name: string) {
  return useQuery({
    queryKey: keys.list(COLLECTION, { observations: name }),
    queryFn: ({ signal }) =>
      get<Schemas["ObservationList"]>(`/monitoring/models/${encodeURIComponent(name)}/observations`, undefined, signal),
    refetchInterval: PERIOD,
  });
}

export function useLeaks() {
  return useQuery({
    queryKey: keys.list(COLLECTION, "leaks"),
    queryFn: ({ signal }) => get<Schemas["LeakList"]>("/monitoring/resources", undefined, signal),
  });
}

export function useCloseAlert() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: number) => post<Alert>(`/monitoring/alerts/${id}/close`),
    onSuccess: () => refreshCollection(client, COLLECTION),
  });
}

export const useLook = (name: string) =>
  useMutation({ mutationFn: () => post<Run>(`/monitoring/models/${encodeURIComponent(name)}`, { settings: {} }) });
