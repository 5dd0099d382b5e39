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

/** Client of the gate's socket. Each worker has one. */
export interface GateClient {
  hello(): Promise<Welcome>;
  claim(rollback: Welcome["rollback"]): Promise<Grant>;
  rollBack(claim: string): Promise<Grant>;
  /**
   * Reports unhealthy machines and returns a grant of machines at their baseline.
   *
   * @throws VmrigError `RIG_BROKEN`
   */
  recover(claim: string, unhealthy: readonly Unhealthy[]): Promise<Grant>;
  /** Returns the tail of a machine's console. @throws VmrigError `CAPABILITY_MISSING` */
  console(claim: string, machine: string): Promise<string>;
  /** Runs a control command, which only the gate may do. */
  control(claim: string, command: ControlCommand): Promise<ControlResult>;
  /**
   * Ends the claim. `failed`: a test on these machines failed, and the gate may retain the copy.
   */
  release(claim: string, failed: boolean): Promise<void>;
  /**
   * Waits while a person inspects the machines, until the person resumes the claim or the pause
   * times out.
   */
  pause(claim: string, failure: Failure): Promise<void>;
  /** Resumes a paused claim. Does nothing when the claim is not paused. */
  resume(claim: string): Promise<void>;
  /** Calls back when the claim of any client is paused, and again when the pause ends. */
  onPause(listener: PauseListener): void;
  /** Announces a new run of this runner. */
  begin(): Promise<void>;
  /** Announces how many claims this run will make in all; 0 when the number is unknown. */
  expect(claims: number): Promise<void>;
  /** Calls back when the gate ends the run early. */
  onOver(over: (reason: VmrigError) => void): void;
  /**
   * Calls back once when the lease of a claim is lost or the gate is gone. Calls back immediately
   * when that has already happened.
   */
  onLost(claim: string, lost: (error: VmrigError) => void): void;
  close(): void;
}

/**
 * Longest wait for the gate's socket. The gate starts while Vitest starts its workers, so a worker
 * may connect before the gate listens.
 */
const CONNECT_MS = 15_000;

/** Longer than the gate's own limit for loading its config. */
const HELLO_MS = 90_000;

function silent(): VmrigError {
  return new VmrigError("GATE_LOST", {
    message: `The gate accepted the connection but has not responded for ${HELLO_MS / 1000} s.`,
    hint: "code in the config keeps the gate's process busy: look for an endless loop",
  });
}

/**
 * Connects to the gate that serves `path`.
 *
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
   * A notice may arrive before its listener is registered: it can come in one chunk with the grant,
   * and even before the grant.
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
    recover: async (claim, unhealthy) =>
      grant.parse(
        await ask({
          do: "recover",
          claim,
          unhealthy: unhealthy.map(({ machine, error }) => ({
            machine,
            error: toErrorJson(error),
          })),
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
    control: async (claim, command) =>
      controlResult.parse(await ask({ do: "control", claim, command })),
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
