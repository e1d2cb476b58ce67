import { Problem, problemOf } from "./problem";

export const ROOT = "/api/v1";

export type Query = Record<string, string | number | boolean | readonly string[] | null | undefined>;

let csrf = "";

/** The token of the session, sent with every changing request. */
export function setCsrf(token: string): void {
  csrf = token;
}

/** The address of a resource, with the values of the query that are given. Lists are joined by commas. */
export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    const text = Array.isArray(value) ? value.join(",") : String(value ?? "");
    if (text) search.set(name, text);
  }
  const text = search.toString();
  return `${ROOT}${path}${text ? `?${text}` : ""}`;
}

export interface Sent {
  query?: Query;
  /** JSON, unless it is a file or a form. */
  body?: unknown;
  type?: string;
  signal?: AbortSignal;
}

async function answerOf(method: string, path: string, { query, body, type, signal }: Sent): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRF-Token"] = csrf;
  const isRaw = body instanceof Blob || body instanceof FormData || typeof body === "string";
  if (type) headers["Content-Type"] = type;
  else if (body !== undefined && !isRaw) headers["Content-Type"] = "application/json";
  let answer: Response;
  try {
    answer = await fetch(address(path, query), {
      method,
      headers,
      signal,
      credentials: "same-origin",
      body: body === undefined ? undefined : isRaw ? (body as BodyInit) : JSON.stringify(body),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, "Unreachable", "The server cannot be reached. The page tries again by itself.");
  }
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}

async function request<T>(method: string, path: string, sent: Sent = {}): Promise<T> {
  const answer = await answerOf(method, path, sent);
  const text = await answer.text();
  return (text ? JSON.parse(text) : null) as T;
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> =>
  request<T>("GET", path, { query, signal });
export const post = <T>(path: string, body?: unknown, sent: Sent = {}): Promise<T> =>
  request<T>("POST", path, { ...sent, body });
export const patch = <T>(path: string, body: unknown): Promise<T> => request<T>("PATCH", path, { body });
export const put = <T>(path: string, body: unknown, type?: string): Promise<T> =>
  request<T>("PUT", path, { body, type });
export const del = <T>(path: string, query?: Query): Promise<T> => request<T>("DELETE", path, { query });
