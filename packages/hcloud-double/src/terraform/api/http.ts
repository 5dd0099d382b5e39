import { Agent, request as startRequest, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";

export interface HttpReply {
  readonly status: number;
  readonly correlationId: string | undefined;
  readonly body: string;
}

const agent = new Agent({ keepAlive: true });

/** `fetch` takes 30 ms to load. The double has no TLS. */
export async function sendRequest(
  url: URL,
  method: string,
  { headers, body }: { readonly headers: Readonly<Record<string, string>>; readonly body?: string },
): Promise<HttpReply> {
  const request = startRequest(url, { method, headers, agent });
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request.once("response", resolve).once("error", reject).end(body);
    });
    return {
      status: response.statusCode ?? 0,
      correlationId: response.headers["x-correlation-id"]?.toString(),
      body: await text(response),
    };
  } catch (error) {
    // Go sends it again too: the server may have closed the connection in the meantime.
    if (method === "GET" && request.reusedSocket && isCut(error))
      return await sendRequest(url, method, { headers });
    throw isCut(error) ? new Error(`${title(method)} "${url.href}": EOF`, { cause: error }) : error;
  }
}

function isCut(error: unknown): boolean {
  return ["ECONNRESET", "EPIPE"].includes((error as NodeJS.ErrnoException).code ?? "");
}

function title(method: string): string {
  return method.charAt(0) + method.slice(1).toLowerCase();
}
