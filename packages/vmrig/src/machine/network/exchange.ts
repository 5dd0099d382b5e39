import { request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import type { MachineRequestInit, Sent } from "./request.ts";

/** Sends one request through a tunnel, and resolves with the head of its answer. An abort ends both, also while the body comes. */
export function exchange(tunnel: Duplex, sent: Sent, tls: MachineRequestInit["tls"], signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const secure = sent.url.protocol === "https:";
    const request: ClientRequest = (secure ? httpsRequest : httpRequest)(sent.url, {
      method: sent.method,
      headers: { connection: "close", ...toHeaders(sent.headers) },
      createConnection: () => (secure ? encrypt(tunnel, sent.url, tls) : tunnel),
    });
    let message: IncomingMessage | undefined;
    const end = (): void => {
      const reason = signal.reason as Error;
      message?.destroy(reason);
      request.destroy(reason);
      reject(reason);
    };
    signal.addEventListener("abort", end, { once: true });
    const release = (): void => signal.removeEventListener("abort", end);
    // The tunnel tells it a second time.
    tunnel.on("error", () => {});
    tunnel.once("close", release);
    request.on("error", (error) => {
      tunnel.destroy();
      reject(error);
    });
    request.on("response", (response) => {
      message = response;
      resolve(response);
    });
    if (signal.aborted) return end();
    const { body } = sent;
    if (body === undefined || Buffer.isBuffer(body)) {
      request.end(body);
      return;
    }
    body.on("error", (error) => request.destroy(error));
    request.on("close", () => body.destroy());
    body.pipe(request);
  });
}

function encrypt(tunnel: Duplex, url: URL, tls: MachineRequestInit["tls"]): Duplex {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const secured = connectTls({
    socket: tunnel,
    host,
    ALPNProtocols: ["http/1.1"],
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...tls,
  });
  tunnel.once("error", (error) => secured.destroy(error));
  return secured;
}

function toHeaders(headers: Headers): Record<string, string | string[]> {
  return Object.fromEntries([...headers].map(([name, value]) => [name, value]));
}
