import { randomUUID } from "node:crypto";
import { text } from "node:stream/consumers";
import { ApiError } from "../http/api-error.ts";
import { parseBody } from "../http/body.ts";
import { listenHttp } from "../http/http-listener.ts";
import { findRoute, type Reply, type Route } from "../http/route.ts";

export interface ControlServer extends AsyncDisposable {
  /** Only who knows it may use it: it ends in a secret. */
  readonly url: string;
}

/** Serves routes on the loopback interface. */
export async function startControlServer(routes: readonly Route[]): Promise<ControlServer> {
  const secret = `/${randomUUID()}`;
  const http = await listenHttp({ host: "127.0.0.1", port: 0 }, async (request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://control");
    const { status, body } = answer(routes, {
      method: request.method ?? "",
      path: pathname.startsWith(`${secret}/`) ? pathname.slice(secret.length) : "",
      body: await text(request),
    });
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(body === undefined ? "" : JSON.stringify(body));
  });
  return {
    url: `http://127.0.0.1:${http.port}${secret}`,
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  };
}

function answer(
  routes: readonly Route[],
  call: { readonly method: string; readonly path: string; readonly body: string },
): Reply {
  try {
    const { ids, handle } = findRoute(routes, call.method, call.path);
    return handle({ ids, query: new URLSearchParams(), body: parseBody(call.body) });
  } catch (error) {
    const status = error instanceof ApiError ? error.status : 500;
    return { status, body: { error: String(error) } };
  }
}
