import { randomInt } from "node:crypto";
import { systemClock, type Clock } from "../../../../clock/clock.ts";
import { VmrigError } from "../../../../errors/vmrig-error.ts";
import type { CopyName } from "../../../../lease/keys.ts";
import { waitFor, type Observation } from "../../../../wait/wait-for.ts";
import { checkSize } from "../../size-limit.ts";
import { versionOf } from "../../state-record.ts";
import {
  KEPT_VERSIONS,
  type FencedOutcome,
  type StateStore,
  type StateVersion,
  type StoredState,
  type WriteOutcome,
} from "../../state-store.ts";
import { s3Client, type S3Address, type S3Object } from "./s3-client.ts";
import { S3Unanswered } from "./s3-refusal.ts";
import { EMPTY_HEAD, parseHead, s3Keys, type S3Head } from "./s3-head.ts";

export interface S3StoreOptions extends S3Address {
  /** First part of every key. @defaultValue `vmrig` */
  readonly prefix?: string;
  /** @defaultValue the environment of this process */
  readonly environment?: NodeJS.ProcessEnv;
  readonly clock?: Clock;
  /** @defaultValue 5000 */
  readonly requestTimeoutMs?: number;
}

/** Bridges an outage of the server. */
const ASK_MS = 15_000;

type Decision<T> = { readonly head: S3Head } | { readonly outcome: T };
type Changed<T> = { readonly stored: S3Head } | { readonly outcome: T };

/**
 * State store in a bucket of any S3 server whose conditional writes are atomic. Check that with
 * `probeS3`: some servers accept two writes with the same condition.
 *
 * @throws VmrigError `CONFIG_INVALID`
 */
export function s3Store(options: S3StoreOptions): StateStore {
  const { prefix = "vmrig", clock = systemClock, environment = process.env } = options;
  const { requestTimeoutMs = 5000 } = options;
  const client = s3Client({ ...options, environment, requestTimeoutMs });
  const { shown } = client;

  /** Repeats requests that got no answer. */
  const again = <T>(probe: () => Promise<Observation<T>>): Promise<T> =>
    waitFor({
      what: "an answer of the state store",
      on: shown,
      timeoutMs: ASK_MS,
      // Two writers with the same pause could refuse each other for ever.
      intervalMs: randomInt(20, 100),
      code: "STATE_UNREACHABLE",
      hint: "check that the endpoint is reachable from here",
      clock,
      probe: () =>
        probe().catch((error: unknown) => {
          if (error instanceof S3Unanswered) return { seen: error.summary };
          throw error;
        }),
    });
  const get = (key: string): Promise<S3Object | undefined> =>
    again(async () => ({ value: await client.get(key) }));
  const headOf = (copy: CopyName, object: S3Object | undefined): S3Head =>
    object === undefined
      ? EMPTY_HEAD
      : parseHead(object.text, `${s3Keys(prefix, copy).head} in ${shown}`);

  const withText = async (
    copy: CopyName,
    version: StateVersion | undefined,
  ): Promise<StoredState | undefined> => {
    if (version === undefined) return undefined;
    const key = s3Keys(prefix, copy).text(version);
    const object = await get(key);
    if (object !== undefined) return { ...version, text: object.text };
    throw new VmrigError("STATE_LOST", {
      message: `Version ${version.version} of the state of "${copy.copy}" is missing in ${shown}.`,
      details: [`object ${key}`],
      hint: "restore this object, or return to an earlier version of the state",
    });
  };

  /** Replaces the head by what `decide` makes of it, unless another writer is faster. */
  const change = <T>(
    copy: CopyName,
    decide: (head: S3Head) => Promise<Decision<T>>,
  ): Promise<Changed<T>> => {
    const key = s3Keys(prefix, copy).head;
    return again<Changed<T>>(async () => {
      const object = await client.get(key);
      const decision = await decide(headOf(copy, object));
      if ("outcome" in decision) return { value: decision };
      const condition = object === undefined ? "absent" : { etag: object.etag };
      const stored = await client.put(key, JSON.stringify(decision.head), condition);
      return stored ? { value: { stored: decision.head } } : { seen: "another write was faster" };
    });
  };

  return {
    shown,

    async claim(copy, fence) {
      const result = await change<FencedOutcome | S3Head>(copy, async (head) => {
        if (fence < head.fence) return { outcome: { outcome: "fenced", fence: head.fence } };
        return fence === head.fence ? { outcome: head } : { head: { ...head, fence } };
      });
      const claimed = "stored" in result ? result.stored : result.outcome;
      if ("outcome" in claimed) return claimed;
      return { outcome: "claimed", current: await withText(copy, claimed.versions[0]) };
    },

    async write(copy, write) {
      checkSize(write.text, copy.copy, shown);
      const version = versionOf(write);
      const keys = s3Keys(prefix, copy);
      let dropped: readonly StateVersion[] = [];
      const result = await change<WriteOutcome>(copy, async ({ fence, versions }) => {
        const [newest] = versions;
        if (write.fence < fence) return { outcome: { outcome: "fenced", fence } };
        if (newest?.write === write.id)
          return { outcome: { outcome: "written", version: newest.version } };
        if ((newest?.version ?? 0) !== write.base)
          return { outcome: { outcome: "conflict", version: newest?.version ?? 0 } };
        await client.put(keys.text(version), write.text);
        const all = [version, ...versions];
        dropped = all.slice(KEPT_VERSIONS);
        return { head: { fence: write.fence, versions: all.slice(0, KEPT_VERSIONS) } };
      });
      if (!("stored" in result)) return result.outcome;
      // An object that stays costs a few kilobytes, and no later write depends on it.
      await Promise.all(dropped.map((old) => client.remove(keys.text(old)).catch(() => {})));
      return { outcome: "written", version: version.version };
    },

    async newestVersion(copy) {
      return headOf(copy, await get(s3Keys(prefix, copy).head)).versions[0]?.version ?? 0;
    },

    async read(copy) {
      const head = headOf(copy, await get(s3Keys(prefix, copy).head));
      return await withText(copy, head.versions[0]);
    },

    async history(copy) {
      return headOf(copy, await get(s3Keys(prefix, copy).head)).versions;
    },

    async readVersion(copy, version) {
      const head = headOf(copy, await get(s3Keys(prefix, copy).head));
      return await withText(
        copy,
        head.versions.find((one) => one.version === version),
      );
    },

    async [Symbol.asyncDispose]() {},
  };
}
