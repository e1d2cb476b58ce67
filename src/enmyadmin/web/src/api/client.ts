import { QueryClient } from "@tanstack/react-query";
import { keys } from "./queries";
import { asProblem } from "./problem";

/** Milliseconds before the next try while the server cannot be reached, doubled up to the last. */
const FIRST_WAIT = 500;
const LAST_WAIT = 5_000;

function refreshSession(error: unknown): void {
  if (asProblem(error).status === 401) void client.invalidateQueries({ queryKey: keys.session });
}

export const client: QueryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // Refused requests stay refused; a server that is away may come back.
      retry: (count, error) => asProblem(error).isUnreachable && count < 20,
      retryDelay: (count) => Math.min(FIRST_WAIT * 2 ** count, LAST_WAIT),
      throwOnError: (error) => {
        refreshSession(error);
        return false;
      },
    },
    mutations: { onError: refreshSession, retry: false },
  },
});
