import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, ListenOptions } from "node:net";

export interface HttpListener extends AsyncDisposable {
  /** 0 on a unix socket. */
  readonly port: number;
}

/** Answers HTTP requests. If `answer` fails, the connection is cut. */
export async function listenHttp(
  where: ListenOptions,
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<HttpListener> {
  const http = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  http.listen(where);
  await once(http, "listening");
  const address: string | AddressInfo | null = http.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      const closed = once(http, "close");
      http.close();
      http.closeAllConnections();
      await closed;
    },
  };
}
