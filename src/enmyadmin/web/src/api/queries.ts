import {
  type QueryClient,
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { type Query, del, get, patch, post, setCsrf } from "./request";
import {
  type Collection,
  type CollectionSchema,
  type Entity,
  type Item,
  type Page,
  type Schema,
  type Schemas,
  type Session,
  collectionOf,
  isEntity,
} from "./types";

/** Keys begin with the kind of answer, then collection, then id, so that a change refreshes just what it concerns. */
export const keys = {
  session: ["session"] as const,
  schema: ["schema"] as const,
  list: (collection: string, query?: unknown) => ["list", collection, ...(query ? [query] : [])] as const,
  item: (collection: string, id?: number) => ["item", collection, ...(id ? [id] : [])] as const,
};

export function useSession() {
  return useQuery({
    queryKey: keys.session,
    queryFn: async () => {
      const session = await get<Session>("/session");
      setCsrf(session.csrf ?? "");
      return session;
    },
    staleTime: 60_000,
  });
}

/** True if the user may do the action; `allowed("create")`. The server decides again. */
export function useAllowed(): (action: string) => boolean {
  const { data } = useSession();
  return (action) => data?.permissions.includes(action) ?? false;
}

export function useSchema() {
  return useQuery({
    queryKey: keys.schema,
    queryFn: async () => {
      const all = await get<CollectionSchema[]>("/schema");
      return Object.fromEntries(all.map((each) => [each.path, each])) as Schema;
    },
    staleTime: Infinity,
  });
}

export interface Listing extends Query {
  where?: string;
  order_by?: string;
  limit?: number;
  columns?: string[];
  facts?: string[];
  trash?: boolean;
}

/** A list that loads page after page; the first page also counts. */
export function useList<T = Item>(collection: string, listing: Listing, enabled = true) {
  return useInfiniteQuery({
    queryKey: keys.list(collection, listing),
    queryFn: ({ pageParam, signal }) =>
      get<Page<T>>(`/${collection}`, { ...listing, cursor: pageParam, count: pageParam ? undefined : true }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
    enabled,
  });
}

export function useItem(collection: Collection, id: number, enabled = true) {
  return useQuery({
    queryKey: keys.item(collection, id),
    queryFn: ({ signal }) => get<Item>(`/${collection}/${id}`, undefined, signal),
    enabled,
  });
}

/** An answer that belongs to one object, such as its facts or its leaderboard. */
export function usePart<T>(collection: string, id: number, part: string, query: Query = {}, enabled = true) {
  return useQuery({
    queryKey: [...keys.item(collection, id), part, query],
    queryFn: ({ signal }) => get<T>(`/${collection}/${id}/${part}`, query, signal),
    placeholderData: keepPreviousData,
    enabled,
  });
}

export function refreshCollection(client: QueryClient, collection: string, id?: number): void {
  void client.invalidateQueries({ queryKey: keys.list(collection) });
  void client.invalidateQueries({ queryKey: keys.item(collection, id) });
}

function useChange<A, R>(change: (argument: A) => Promise<R>, collections: (argument: A, result: R) => string[]) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: (result, argument) => {
      for (const each of collections(argument, result)) refreshCollection(client, each);
    },
  });
}

export const useCreate = (collection: Collection) =>
  useChange(
    (values: Record<string, unknown>) => post<Item>(`/${collection}`, values),
    () => [collection],
  );

export const usePatch = (collection: Collection, id: number) =>
  useChange(
    (values: Record<string, unknown>) => patch<Item>(`/${collection}/${id}`, values),
    () => [collection],
  );

interface Trashed {
  trashed: { entity: Entity; id: number; name: string | null }[];
}

export const useTrash = (collection: Collection) =>
  useChange(
    (id: number) => del<Trashed>(`/${collection}/${id}`),
    (_, { trashed }) => [
      collection,
      ...new Set(trashed.filter((each) => isEntity(each.entity)).map((each) => collectionOf(each.entity))),
    ],
  );

export const useRestore = (collection: Collection) =>
  useChange(
    (id: number) => post<unknown>(`/${collection}/${id}/restore`),
    () => [collection],
  );

export const usePurge = (collection: Collection) =>
  useChange(
    (id: number) => post<unknown>(`/${collection}/${id}/purge`),
    () => [collection],
  );

export interface Bulk {
  action: "trash" | "restore" | "purge" | "tag" | "untag";
  ids: number[] | null;
  where: string | null;
  tags?: Record<string, unknown>;
}

export interface Changed {
  action: Bulk["action"];
  records: { entity: string; id: number }[];
}

/** One action on many records; for more than the server changes at once the answer is a run. */
export const useBulk = (collection: Collection) =>
  useChange(
    (bulk: Bulk) => post<Changed | Schemas["RunAnswer"]>(`/${collection}/bulk`, bulk),
    () => [collection, "runs"],
  );
