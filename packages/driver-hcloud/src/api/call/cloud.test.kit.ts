import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import type { Clock } from "vmrig/driver";
import { createClient, type Client, type ClientOptions } from "./client.ts";

/** A call that arrived at the server. */
export interface ReceivedCall {
  /** `GET /servers` */
  readonly line: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** What the server does with a call: a reply, a cut connection, or nothing. */
export type Answer =
  | {
      readonly status?: number;
      /** JSON, or a text that is sent as it is. */
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | "cut"
  | "silence";

/** Answers the call number `index`, from 0. */
export type Answers = (call: ReceivedCall, index: number) => Answer;

export interface Cloud {
  readonly client: Client;
  readonly clock: QuickClock;
  readonly endpoint: string;
  readonly token: string;
  readonly calls: readonly ReceivedCall[];
  /** The calls as `GET /servers`, in the order in which they arrived. */
  lines(): readonly string[];
  /** Creates another client of the same token, unless the options have another one. */
  connect(options?: Partial<ClientOptions>): Client;
}

/** Starts an API on loopback and a client of it, until the test ends. */
export async function startCloud(
  answers: Answers,
  options: Partial<ClientOptions> = {},
): Promise<Cloud> {
  const calls: ReceivedCall[] = [];
  const server = createServer((request, response) => {
    void received(request).then((call) => {
      const answer = answers(call, calls.push(call) - 1);
      if (answer === "silence") return;
      if (answer === "cut") return void request.socket.destroy();
      const { status = 200, body, headers } = answer;
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const clients: Client[] = [];
  onTestFinished(async () => {
    for (const client of clients) await client[Symbol.asyncDispose]();
    server.closeAllConnections();
    server.close();
  });
  const clock = quickClock();
  const token = options.token ?? randomUUID();
  const connect = (more: Partial<ClientOptions> = {}): Client => {
    const client = createClient({ token, endpoint, clock, random: () => 0, ...options, ...more });
    clients.push(client);
    return client;
  };
  return {
    client: connect(),
    clock,
    endpoint,
    token,
    calls,
    lines: () => calls.map(({ line }) => line),
    connect,
  };
}

async function received(request: IncomingMessage): Promise<ReceivedCall> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  const url = new URL(request.url ?? "", "http://cloud");
  return {
    line: `${request.method} ${url.pathname.replace(/^\/v1/, "")}`,
    query: url.searchParams,
    headers: request.headers,
    body: text === "" ? undefined : JSON.parse(text),
  };
}

/** An error as the API sends it. */
export function refusal(
  status: number,
  code: string,
  {
    message = code,
    details = null,
  }: { readonly message?: string; readonly details?: unknown } = {},
): Answer {
  return { status, body: { error: { code, message, details } } };
}

/** One page of a list, the only one unless a next page is named. */
export const page = (
  many: string,
  items: readonly unknown[],
  next: number | null = null,
): Answer => ({ body: { [many]: items, meta: { pagination: { next_page: next } } } });

/** A clock whose pauses are over immediately. */
export interface QuickClock extends Clock {
  /** All pauses so far, in milliseconds. */
  readonly pauses: readonly number[];
}

/** Longer sleeps are deadlines: they end only when they are aborted. */
const LONGEST_PAUSE_MS = 61_000;

export function quickClock(): QuickClock {
  const start = Date.parse("2026-11-30T12:00:00Z");
  const pauses: number[] = [];
  let passed = 0;
  return {
    pauses,
    wall: () => start + passed,
    monotonic: () => passed,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted === true) return reject(signal.reason as Error);
        signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
        if (ms > LONGEST_PAUSE_MS) return;
        if (ms > 0) pauses.push(ms);
        passed += ms;
        setImmediate(resolve);
      }),
  };
}
