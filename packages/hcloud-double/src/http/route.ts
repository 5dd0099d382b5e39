import { ApiError, notFound } from "./api-error.ts";

export interface ApiRequest {
  /** The variable parts of the path, in their order. */
  readonly ids: readonly string[];
  readonly query: URLSearchParams;
  readonly body: object;
}

export interface Reply {
  readonly status: number;
  readonly body?: object;
}

type Handler = (request: ApiRequest) => Reply;

export interface Route {
  readonly method: string;
  readonly path: RegExp;
  readonly handle: Handler;
}

/** Makes a route. `:id` in the path is one variable part; it never matches the word `actions`. */
export function route(method: string, path: string, handle: Handler): Route {
  const pattern = path.replaceAll(/:\w+/g, String.raw`((?!actions(?:/|$))[^/]+)`);
  return { method, path: new RegExp(`^${pattern}$`), handle };
}

export const ok = (body: object): Reply => ({ status: 200, body });
export const created = (body: object): Reply => ({ status: 201, body });
export const noContent = (): Reply => ({ status: 204 });

/** @throws ApiError 404 or 405 */
export function findRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): { readonly ids: readonly string[]; readonly handle: Handler } {
  const here = routes.filter((candidate) => candidate.path.test(path));
  if (here.length === 0) throw notFound(path);
  const found = here.find((candidate) => candidate.method === method);
  if (found === undefined)
    throw new ApiError(405, "method_not_allowed", `${path} has no method ${method}`);
  return { ids: found.path.exec(path)?.slice(1) ?? [], handle: found.handle };
}
