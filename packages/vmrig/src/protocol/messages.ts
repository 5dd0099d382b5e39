import { z } from "zod";
import { CODES, type ErrorCode } from "../errors/codes.ts";
import type { ErrorJson } from "../errors/error-json.ts";
import { machineAccess } from "../baseline/machine-access.ts";
import { controlCommand } from "./control-command.ts";

/**
 * Messages on the gate's socket: one JSON value per line. A request carries an id, its reply
 * repeats the id, and a notice carries none.
 */

const errorJson: z.ZodType<ErrorJson> = z.lazy(() =>
  z.object({
    name: z.string(),
    code: z.custom<ErrorCode>((value) => typeof value === "string" && Object.hasOwn(CODES, value)),
    message: z.string(),
    details: z.array(z.string()),
    hint: z.string().exactOptional(),
    cause: z.union([z.string(), errorJson]).exactOptional(),
  }),
);

/** Failure of a test, for the person at the terminal. */
const failure = { test: z.string(), error: z.string() };
export type Failure = { readonly [key in keyof typeof failure]: string };

const paused = z.object({
  claim: z.string(),
  copy: z.string(),
  copies: z.number(),
  machines: z.array(z.string()),
  until: z.number(),
  ...failure,
});
/**
 * A paused test file: it waits at a failed test, with the machines as the test left them. `copies`:
 * number of copies of the rig; `until`: milliseconds since the epoch.
 */
export type Paused = z.infer<typeof paused>;

/** What a client sends. */
export const requestMessage = z.discriminatedUnion("do", [
  z.object({ id: z.number(), do: z.literal("hello") }),
  z.object({ id: z.number(), do: z.literal("claim"), rollback: z.enum(["run", "file", "test"]) }),
  z.object({ id: z.number(), do: z.literal("rollback"), claim: z.string() }),
  z.object({
    id: z.number(),
    do: z.literal("recover"),
    claim: z.string(),
    unhealthy: z.array(z.object({ machine: z.string(), error: errorJson })),
  }),
  z.object({
    id: z.number(),
    do: z.literal("control"),
    claim: z.string(),
    command: controlCommand,
  }),
  z.object({ id: z.number(), do: z.literal("release"), claim: z.string(), failed: z.boolean() }),
  z.object({
    id: z.number(),
    do: z.literal("pause"),
    claim: z.string(),
    failure: z.object(failure),
  }),
  z.object({ id: z.number(), do: z.literal("resume"), claim: z.string() }),
  z.object({ id: z.number(), do: z.literal("console"), claim: z.string(), machine: z.string() }),
  z.object({ id: z.number(), do: z.literal("begin") }),
  z.object({ id: z.number(), do: z.literal("expect"), claims: z.number() }),
]);
export type RequestMessage = z.infer<typeof requestMessage>;
type DistributedOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
export type GateRequest = DistributedOmit<RequestMessage, "id">;

const reply = z.union([
  z.object({ id: z.number(), ok: z.unknown() }),
  z.object({ id: z.number(), error: errorJson }),
]);
export type Reply = z.infer<typeof reply>;

const notice = z.discriminatedUnion("notice", [
  z.object({ notice: z.literal("lost"), claim: z.string(), error: errorJson }),
  z.object({ notice: z.literal("over"), error: errorJson }),
  z.object({ notice: z.literal("paused"), pause: paused }),
  z.object({ notice: z.literal("resumed"), claim: z.string() }),
]);
export type Notice = z.infer<typeof notice>;

/** What the gate sends. */
export const gateMessage = z.union([reply, notice]);
export type GateMessage = z.infer<typeof gateMessage>;

export const welcome = z.object({
  rig: z.string(),
  machines: z.array(z.string()),
  rollback: z.enum(["run", "file", "test"]),
  strict: z.union([z.boolean(), z.literal("report")]),
  copies: z.number(),
  onBusy: z.enum(["wait", "fail", "skip"]),
  /** Evidence to collect from a test that fails. */
  evidence: z.object({
    files: z.array(z.string()),
    secrets: z.array(z.string()),
    timeoutMs: z.number(),
  }),
});
/** Facts about the rig that a worker needs before it leases anything. */
export type Welcome = z.infer<typeof welcome>;

export const grant = z.object({
  claim: z.string(),
  copy: z.string(),
  fence: z.number(),
  /** False when this run had the machines before and the claim did not ask for another rollback. */
  fresh: z.boolean(),
  baseline: z.string(),
  guest: z.enum(["linux", "shell"]),
  /**
   * Nonce that the proof of the rollback leaves on the machines. The next grant has another one.
   */
  nonce: z.string(),
  machines: z.array(machineAccess),
});
/**
 * Machines at their baseline, granted exclusively. The machines count as dirty from this moment on.
 */
export type Grant = z.infer<typeof grant>;

/** Listener for pauses: the runner's main process, which owns the terminal. */
export interface PauseListener {
  readonly paused: (pause: Paused) => void;
  /** The pause is over, for any reason. */
  readonly resumed: (claim: string) => void;
}
