import { z } from "zod";
import { CODES, type ErrorCode } from "../errors/codes.ts";
import type { ErrorJson } from "../errors/error-json.ts";
import { controlCommand, reached } from "./control-command.ts";

/**
 * What runs over the gate's socket: one JSON value a line. Requests carry an id, answers repeat it,
 * notices carry none.
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

/** Of a test, for whoever sits at the terminal. */
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
 * A test file waits at a failed test, with its machines as that left them. `copies`: how many the
 * rig has; `until`: milliseconds since the epoch.
 */
export type Paused = z.infer<typeof paused>;

export const request = z.discriminatedUnion("do", [
  z.object({ id: z.number(), do: z.literal("hello") }),
  z.object({ id: z.number(), do: z.literal("claim"), rollback: z.enum(["run", "file", "test"]) }),
  z.object({ id: z.number(), do: z.literal("rollback"), claim: z.string() }),
  z.object({
    id: z.number(),
    do: z.literal("heal"),
    claim: z.string(),
    sick: z.array(z.object({ machine: z.string(), error: errorJson })),
  }),
  z.object({ id: z.number(), do: z.literal("act"), claim: z.string(), deed: controlCommand }),
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
export type Request = z.infer<typeof request>;
type DistributedOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
export type Ask = DistributedOmit<Request, "id">;

export const answer = z.union([
  z.object({ id: z.number(), ok: z.unknown() }),
  z.object({ id: z.number(), error: errorJson }),
  z.object({ notice: z.literal("lost"), claim: z.string(), error: errorJson }),
  z.object({ notice: z.literal("over"), error: errorJson }),
  z.object({ notice: z.literal("paused"), pause: paused }),
  z.object({ notice: z.literal("resumed"), claim: z.string() }),
]);
export type Answer = z.infer<typeof answer>;

export const welcome = z.object({
  rig: z.string(),
  machines: z.array(z.string()),
  rollback: z.enum(["run", "file", "test"]),
  strict: z.union([z.boolean(), z.literal("report")]),
  copies: z.number(),
  onBusy: z.enum(["wait", "fail", "skip"]),
  /** What is kept of a test that fails. */
  evidence: z.object({
    files: z.array(z.string()),
    secrets: z.array(z.string()),
    timeoutMs: z.number(),
  }),
});
/** What a worker must know of the rig before it leases anything. */
export type Welcome = z.infer<typeof welcome>;

export const grant = z.object({
  claim: z.string(),
  copy: z.string(),
  fence: z.number(),
  /** False when this run had the machines before and did not ask for another rollback. */
  fresh: z.boolean(),
  baseline: z.string(),
  guest: z.enum(["linux", "shell"]),
  /** What the proof of the rollback leaves on the machines; the next grant has another. */
  nonce: z.string(),
  machines: z.array(reached),
});
/** Machines at their baseline, handed out exclusively. They are dirty from this moment on. */
export type Grant = z.infer<typeof grant>;

/** What hears of pauses: the runner's own process, which has the terminal. */
export interface PauseListener {
  readonly paused: (pause: Paused) => void;
  /** It is over, for whatever reason. */
  readonly resumed: (claim: string) => void;
}
