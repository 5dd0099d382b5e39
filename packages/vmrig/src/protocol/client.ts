import { connect, type Socket } from "node:net";
import type { Unhealthy } from "../baseline/recovery.ts";
import { z } from "zod";
import { fromErrorJson, toErrorJson } from "../errors/error-json.ts";
import { isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import { inTime } from "../wait/in-time.ts";
import { waitFor } from "../wait/wait-for.ts";
import { controlResult, type ControlCommand, type ControlResult } from "./control-command.ts";
import { onJsonLine, sendJson } from "./json-lines.ts";
import {
  answer,
  grant,
  welcome,
  type Ask,
  type Failure,
  type Grant,
  type Welcome,
  type PauseListener,
} from "./messages.ts";

/** A worker's end of the gate's socket. */
export interface GateClient {
  hello(): Promise<Welcome>;
  claim(rollback: Welcome["rollback"]): Promise<Grant>;
  rollBack(claim: string): Promise<Grant>;
  /**
   * Asks for machines that are at their baseline, after these turned out not to be.
   *
   * @throws VmrigError `RIG_BROKEN`
   */
  heal(claim: string, sick: readonly Unhealthy[]): Promise<Grant>;
  /** The end of what a machine wrote on its console. @throws VmrigError `CAPABILITY_MISSING` */
  console(claim: string, machine: string): Promise<string>;
  /** Has done to the machines what only the gate may do. */
  act(claim: string, deed: ControlCommand): Promise<ControlResult>;
  /** `failed` when a test on these machines did: they may be kept as they are. */
  release(claim: string, failed: boolean): Promise<void>;
  /** Waits while a person looks at the machines, until he says to go on or the time is over. */
  pause(claim: string, failure: Failure): Promise<void>;
  /** Goes on with a claim that is paused. Nothing where it is not. */
  resume(claim: string): Promise<void>;
  /** Calls back when a claim of any client is paused, and when that is over. */
  onPause(listener: PauseListener): void;
  /** A new run of this runner begins. */
  begin(): Promise<void>;
  /** How many claims this run will make in all; 0 when nobody knows. */
  expect(claims: number): Promise<void>;
  /** Calls back when the gate ends the run before its end. */
  onOver(over: (reason: VmrigError) => void): void;
  /**
   * Calls back once when the lease of a claim is lost, or the gate is gone; at once when it is
   * already.
   */
  onLost(claim: string, lost: (error: VmrigError) => void): void;
  close(): void;
}

/**
 * The gate starts while Vitest starts its workers: whoever comes first waits this long for the
 * other.
 */
const CONNECT_MS = 15_000;

/** Longer than the gate itself waits for its config to load. */
const HELLO_MS = 90_000;

function silent(): VmrigError {
  return new VmrigError("GATE_LOST", {
    message: `The gate listens, and has said nothing for ${HELLO_MS / 1000} s.`,
    hint: "something in the config keeps its process busy: look for a loop that does not end",
  });
}

/**
 * @throws VmrigError `GATE_LOST` when no gate answers; every later call throws it once the gate is
 *   gone
 */
export async function connectGate(path: string): Promise<GateClient> {
  const socket = await waitFor({
    what: "the gate to listen",
    on: path,
    code: "GATE_LOST",
    timeoutMs: CONNECT_MS,
    intervalMs: 10,
    hint: "the lines above, marked vmrig, say why it did not start",
    probe: () => tryConnect(path),
  });
  // An idle client does not keep its process alive.
  socket.unref();
  const asked = new Map<number, PromiseWithResolvers<unknown>>();
  const watchers = new Map<string, (error: VmrigError) => void>();
  /**
   * A notice may overtake whoever wants to know: it can come in one piece with the grant, and even
   * before it.
   */
  const lost = new Map<string, VmrigError>();
  const overs: Array<(reason: VmrigError) => void> = [];
  const pauses: PauseListener[] = [];
  let sequence = 0;
  let gone: VmrigError | undefined;

  onJsonLine(socket, (value) => {
    const message = answer.parse(value);
    if ("notice" in message && message.notice === "over") {
      const reason = fromErrorJson(message.error);
      for (const over of overs) over(reason);
      return;
    }
    if ("notice" in message && message.notice !== "lost") {
      for (const listener of pauses) {
        if (message.notice === "paused") listener.paused(message.pause);
        else listener.resumed(message.claim);
      }
      return;
    }
    if ("notice" in message) {
      const watcher = watchers.get(message.claim);
      watchers.delete(message.claim);
      const error = fromErrorJson(message.error);
      if (watcher === undefined) lost.set(message.claim, error);
      else watcher(error);
      return;
    }
    const waiting = asked.get(message.id);
    asked.delete(message.id);
    if (asked.size === 0) socket.unref();
    if ("error" in message) waiting?.reject(fromErrorJson(message.error));
    else waiting?.resolve(message.ok);
  });
  const end = (cause?: Error): void => {
    gone ??= new VmrigError("GATE_LOST", {
      message: "The gate is gone: its process ended or closed the connection.",
      ...(cause && { cause }),
    });
    for (const waiting of asked.values()) waiting.reject(gone);
    asked.clear();
    for (const watcher of watchers.values()) watcher(gone);
    watchers.clear();
  };
  socket.on("error", end);
  socket.on("close", () => end());
  if (socket.closed) end();

  const ask = async (what: Ask): Promise<unknown> => {
    if (gone !== undefined) throw rethrown(gone);
    const id = ++sequence;
    const waiting = Promise.withResolvers<unknown>();
    asked.set(id, waiting);
    socket.ref();
    sendJson(socket, { id, ...what });
    try {
      return await waiting.promise;
    } catch (error) {
      throw rethrown(error);
    }
  };

  return {
    hello: async () =>
      welcome.parse(await inTime(ask({ do: "hello" }), { timeoutMs: HELLO_MS, late: silent })),
    claim: async (rollback) => grant.parse(await ask({ do: "claim", rollback })),
    rollBack: async (claim) => grant.parse(await ask({ do: "rollback", claim })),
    heal: async (claim, sick) =>
      grant.parse(
        await ask({
          do: "heal",
          claim,
          sick: sick.map(({ machine, error }) => ({ machine, error: toErrorJson(error) })),
        }),
      ),
    console: async (claim, machine) =>
      z.string().parse(await ask({ do: "console", claim, machine })),
    async pause(claim, failure) {
      await ask({ do: "pause", claim, failure });
    },
    async resume(claim) {
      await ask({ do: "resume", claim });
    },
    onPause: (listener) => void pauses.push(listener),
    act: async (claim, what) => controlResult.parse(await ask({ do: "act", claim, deed: what })),
    async begin() {
      await inTime(ask({ do: "begin" }), { timeoutMs: HELLO_MS, late: silent });
    },
    async expect(claims) {
      await ask({ do: "expect", claims });
    },
    onOver: (callback) => void overs.push(callback),
    async release(claim, failed) {
      watchers.delete(claim);
      lost.delete(claim);
      await ask({ do: "release", claim, failed });
    },
    onLost(claim, watcher) {
      const error = lost.get(claim) ?? gone;
      lost.delete(claim);
      if (error === undefined) watchers.set(claim, watcher);
      else watcher(error);
    },
    close: () => void socket.destroy(),
  };
}

/**
 * Gives an error that came from the gate a stack of this process, so that a reporter can point at
 * the caller.
 */
function rethrown(error: unknown): unknown {
  if (isVmrigError(error) && error instanceof Error) Error.captureStackTrace(error, rethrown);
  return error;
}

async function tryConnect(path: string): Promise<{ value: Socket } | { seen: string }> {
  const socket = connect(path);
  return new Promise((resolve) => {
    socket.once("connect", () => resolve({ value: socket }));
    socket.once("error", (error: NodeJS.ErrnoException) =>
      resolve({ seen: error.code ?? error.message }),
    );
  });
}
