import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import type { Action } from "./actions/action.ts";
import type { ActionFaults } from "./actions/action-faults.ts";
import { apiRoutes } from "./api.ts";
import { answer, pathOf, refusalReply, tokenOf, type Access, type Call } from "./http/answer.ts";
import { ClientKill, type Kill } from "./http/client-kill.ts";
import type { Labels } from "./http/labels.ts";
import { linkHeader } from "./http/list.ts";
import { RateLimit } from "./http/rate-limit.ts";
import { RequestFaults, type RequestFault } from "./http/request-faults.ts";
import type { Reply, Route } from "./http/route.ts";
import { Project } from "./project/project.ts";
import type { ServerBackend } from "./servers/backend.ts";
import { recordBackend } from "./servers/record-backend.ts";

/** The API's limit per project. */
const REQUESTS_PER_HOUR = 3600;
const ACTION_MS = 20;
/** The provider refuses a token of another length than 64. */
const TOKEN = "hcloud-double-token".padEnd(64, "-0");

export interface HcloudDoubleOptions {
  /** Runs the servers. By default they are only records. */
  readonly backend?: ServerBackend;
  /** Wall clock in milliseconds. */
  readonly now?: () => number;
  /** An action does not end before its promise is fulfilled. By default it takes 20 ms. */
  readonly actionDelay?: (action: Action) => Promise<unknown>;
  readonly requestsPerHour?: number;
  /** More servers are refused with `resource_limit_exceeded`. */
  readonly serverLimit?: number;
}

/** A request that was answered. */
export interface DoneCall {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Who sent it. */
  readonly token: string;
  readonly method: string;
  /** After `/v1`, with the query. */
  readonly path: string;
  /** As it was sent. */
  readonly body: string;
  /** Status of the reply, even if the client did not get it. */
  readonly status: number;
  /** Labels that the server of the path had before the call. */
  readonly labels?: Labels;
}

/**
 * A double of the Hetzner Cloud API with one project, on the loopback interface. It does one request
 * at a time; actions run in the background.
 */
export class HcloudDouble implements AsyncDisposable {
  /** All requests so far, in the order in which they were done. */
  readonly calls: DoneCall[] = [];
  readonly project: Project;
  readonly rateLimit: RateLimit;
  readonly requestFaults = new RequestFaults();
  /** Tokens of the project. A token that is removed is unknown from the next request on. */
  readonly tokens = new Map<string, Access>([[TOKEN, "read-write"]]);
  readonly token = TOKEN;
  readonly #routes: readonly Route[];
  readonly #kill = new ClientKill();
  readonly #http = createServer((request, response) => {
    this.#receive(request, response).catch(() => response.destroy());
  });
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  private constructor({
    backend = recordBackend(),
    now = Date.now,
    // A double that is not used any more does not keep its process.
    actionDelay = () => setTimeout(ACTION_MS, undefined, { ref: false }),
    requestsPerHour = REQUESTS_PER_HOUR,
    serverLimit = Number.POSITIVE_INFINITY,
  }: HcloudDoubleOptions) {
    this.project = new Project({ backend, now, actionDelay, serverLimit });
    this.rateLimit = new RateLimit({ limit: requestsPerHour, now });
    this.#routes = apiRoutes(this.project);
  }

  static async start(options: HcloudDoubleOptions = {}): Promise<HcloudDouble> {
    const double = new HcloudDouble(options);
    double.#http.listen(0, "127.0.0.1");
    await once(double.#http, "listening");
    return double;
  }

  /** For `HCLOUD_ENDPOINT`. */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/v1`;
  }

  get actionFaults(): ActionFaults {
    return this.project.actions.faults;
  }

  /** Requests that have arrived and are not done yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Kills processes, or calls back, right after the `n`th change from now and before its reply is
   * sent. The other requests wait until the client has gone; those that it had sent are not done.
   */
  killAfter(n: number, kill: readonly number[] | Kill): void {
    this.#kill.plan(n, kill);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#http, "close");
    this.#http.close();
    this.#http.closeAllConnections();
    await closed;
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const kills = this.#kill.count;
    const call = await readCall(request, this.endpoint);
    const fault = this.requestFaults.take(call.method, pathWithQuery(call));
    if (fault?.kind === "hang") return;
    if (fault?.kind === "slow") await setTimeout(fault.delayMs, undefined, { ref: false });
    this.#waiting += 1;
    const done = this.#turn.then(async () => {
      this.#waiting -= 1;
      if (kills !== this.#kill.count && response.closed) return; // sent by a client that was killed
      await this.#answer(call, response, fault);
    });
    this.#turn = done.catch(() => {});
    await done;
  }

  async #answer(
    call: Call,
    response: ServerResponse,
    fault: RequestFault | undefined,
  ): Promise<void> {
    if (fault?.kind === "cut") {
      response.destroy();
      return;
    }
    const { rateLimit, tokens } = this;
    const labels = this.#labelsOf(call);
    const reply =
      fault?.kind === "refuse"
        ? refusalReply(fault)
        : answer({ routes: this.#routes, tokens, rateLimit }, call);
    const { method, body } = call;
    this.calls.push({
      at: this.project.now(),
      token: tokenOf(call),
      method,
      path: pathWithQuery(call),
      body,
      status: reply.status,
      ...(labels !== undefined && { labels }),
    });
    if (call.method !== "GET" && reply.status < 400) await this.#kill.afterChange(response);
    if (fault?.kind === "cut-when-done") response.destroy();
    else
      this.#send(call, response, fault?.kind === "refuse-when-done" ? refusalReply(fault) : reply);
  }

  #labelsOf({ url }: Call): Labels | undefined {
    const [, id] = /^\/servers\/(\d+)/.exec(pathOf(url)) ?? [];
    return id === undefined ? undefined : this.project.servers.byId(Number(id))?.labels;
  }

  #send({ url }: Call, response: ServerResponse, { status, body }: Reply): void {
    const link = linkHeader(body, url);
    const content = body === undefined ? "" : JSON.stringify(body);
    response.writeHead(status, {
      ...(body !== undefined && {
        "Content-Type": "application/json",
        "Content-Length": Buffer.byteLength(content),
      }),
      ...this.rateLimit.headers(),
      ...(link !== undefined && { Link: link }),
      "X-Correlation-Id": randomUUID(),
    });
    response.end(content);
  }
}

async function readCall(request: IncomingMessage, endpoint: string): Promise<Call> {
  return {
    method: request.method ?? "",
    url: new URL(request.url ?? "", endpoint),
    authorization: request.headers.authorization,
    body: await text(request),
  };
}

function pathWithQuery({ url }: Call): string {
  return pathOf(url) + url.search;
}
