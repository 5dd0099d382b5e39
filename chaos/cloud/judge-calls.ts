import type { Violation } from "../judge/violation.ts";

/** A call in the log of the double. */
export interface DoneCall {
  readonly at: number;
  readonly token: string;
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly status: number;
  /** Labels that the server of the path had before the call. */
  readonly labels?: Readonly<Record<string, string>>;
}

interface JudgedCalls {
  readonly violations: readonly Violation[];
  /**
   * Number of calls that came after a later lease had claimed the server, although their run had
   * checked it: the API has no compare-and-swap, so the check and the call are two calls.
   */
  readonly lateCalls: number;
}

/** Actions of a server that end what runs on it, or start it. */
const POWER = /^\/servers\/(\d+)\/actions\/(poweron|poweroff|shutdown|reboot|reset|rebuild)$/;
const ONE_SERVER = /^\/servers\/(\d+)/;
const LIST = /^\/servers(?:\?|$)/;
const OF_COPY = /vmrig-copy==?([\w.-]+)/;

/** What a run did with a server so far. */
interface Dealings {
  /** The fence with which it claimed the server last. */
  claimed: number | undefined;
  /** The fence that was on the server when the run looked last. */
  seen: number;
}

interface KnownServer {
  readonly copy: string;
  /** The fence that is on it now, and the largest one ever. */
  fence: number;
  largest: number;
  readonly dealings: Map<string, Dealings>;
}

/**
 * Checks all calls of the API, in their order. A run claims a server before it changes its power or
 * its disk, under the fence that is on the server then. No run changes a server of which it knows
 * that a later lease has claimed it. No machine has two servers at a time.
 *
 * @param sessionOf returns the run of a token; `undefined` for a person, who may do everything
 */
export function judgeCalls(
  calls: readonly DoneCall[],
  sessionOf: (token: string) => string | undefined,
): JudgedCalls {
  const violations: Violation[] = [];
  let lateCalls = 0;
  const servers = new Map<string, KnownServer>();
  const living = new Map<string, number>();

  for (const call of calls) {
    if (call.status >= 400) continue;
    const { method, path, body } = call;
    const session = sessionOf(call.token);
    const report = (promise: Violation["promise"], what: string): void =>
      void violations.push({
        promise,
        what: `${method} ${path} of ${session ?? "a person"} (at ${call.at}) ${what}`,
      });
    countServers(call, living, (what) => report("no double", what));
    for (const server of shownBy(call, servers)) {
      if (session === undefined) continue;
      const own = server.dealings.get(session) ?? { claimed: undefined, seen: 0 };
      server.dealings.set(session, own);
      const isClaim = method === "PUT" && labelsIn(body) !== undefined;
      if (isClaim) own.claimed = fenceIn(labelsIn(body));
      if (isClaim || POWER.test(path)) {
        if (own.claimed === undefined) report("fenced", "had not claimed it");
        else if (own.seen > own.claimed)
          report("fenced", `had fence ${own.claimed}, and had seen that ${own.seen} was on it`);
        else if (server.largest > own.claimed) lateCalls++;
      }
      if (isClaim) server.fence = own.claimed ?? 0;
      server.largest = Math.max(server.largest, server.fence);
      own.seen = server.fence;
    }
  }
  return { violations, lateCalls };
}

/** Returns the servers that a call is about, or that its reply shows, as they are before the call. */
function shownBy(
  { method, path, labels }: DoneCall,
  servers: Map<string, KnownServer>,
): readonly KnownServer[] {
  const [, id] = ONE_SERVER.exec(path) ?? [];
  if (id !== undefined) {
    if (labels === undefined) return [];
    const fence = fenceIn(labels);
    const known = servers.get(id) ?? {
      copy: labels["vmrig-copy"] ?? "",
      fence,
      largest: fence,
      dealings: new Map<string, Dealings>(),
    };
    servers.set(id, known);
    known.fence = fence;
    known.largest = Math.max(known.largest, fence);
    return [known];
  }
  if (method !== "GET" || !LIST.test(path)) return [];
  const [, copy] = OF_COPY.exec(decodeURIComponent(path)) ?? [];
  return [...servers.values()].filter((known) => copy === undefined || known.copy === copy);
}

/** Counts the servers of each machine that exist. */
function countServers(
  { method, path, body, labels, status }: DoneCall,
  living: Map<string, number>,
  report: (what: string) => void,
): void {
  if (status >= 400) return;
  const isCreated = method === "POST" && path === "/servers";
  const isDeleted = method === "DELETE" && /^\/servers\/\d+$/.test(path);
  if (!isCreated && !isDeleted) return;
  const { "vmrig-copy": copy, "vmrig-machine": machine } =
    (isCreated ? labelsIn(body) : labels) ?? {};
  if (copy === undefined || machine === undefined) return;
  const name = `${machine} of ${copy}`;
  const number = (living.get(name) ?? 0) + (isCreated ? 1 : -1);
  living.set(name, number);
  if (number > 1) report(`made server ${number} of ${name}`);
}

function labelsIn(body: string): Readonly<Record<string, string>> | undefined {
  if (body === "") return undefined;
  return (JSON.parse(body) as { readonly labels?: Readonly<Record<string, string>> }).labels;
}

function fenceIn(labels: Readonly<Record<string, string>> = {}): number {
  return Number(labels["vmrig-fence"] ?? 0);
}
