import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { refreshCollection } from "./queries";
import { ROOT } from "./request";
import { collectionOf, isEntity } from "./types";

/** Changes within this time are answered by one refresh, in milliseconds. */
const GATHERED = 250;
/** A connection that is back within this time was not lost for people, in milliseconds. */
const PATIENCE = 2_500;

/** Refresh what others change, and tell whether the server can be reached. The browser connects again by itself. */
export function useChanges(enabled: boolean): boolean {
  const client = useQueryClient();
  const [connected, setConnected] = useState(true);
  useEffect(() => {
    if (!enabled) return;
    const source = new EventSource(`${ROOT}/changes`);
    const changed = new Map<string, Set<number | null>>();
    let timer = 0;
    let wasLost = false;
    let patience = 0;
    source.onopen = () => {
      window.clearTimeout(patience);
      patience = 0;
      setConnected(true);
      // What happened in between was not heard.
      if (wasLost) void client.invalidateQueries();
      wasLost = false;
    };
    source.onerror = () => {
      wasLost = true;
      patience ||= window.setTimeout(() => setConnected(false), PATIENCE);
    };
    source.addEventListener("change", (event) => {
      const { entity, id } = JSON.parse(event.data);
      const collection = isEntity(entity) ? collectionOf(entity) : `${entity}s`;
      changed.set(collection, (changed.get(collection) ?? new Set()).add(id));
      timer ||= window.setTimeout(() => {
        // An id of null stands for many records.
        for (const [each, ids] of changed) for (const id of ids) refreshCollection(client, each, id ?? undefined);
        changed.clear();
        timer = 0;
      }, GATHERED);
    });
    return () => {
      window.clearTimeout(timer);
      window.clearTimeout(patience);
      source.close();
    };
  }, [client, enabled]);
  return connected;
}
