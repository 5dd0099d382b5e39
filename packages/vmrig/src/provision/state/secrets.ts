import { randomUUID } from "node:crypto";
import { z } from "zod";
import { systemClock, type Clock } from "../../clock/clock.ts";
import type { Fence } from "../../driver/driver.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import type { CopyName } from "../../lease/keys.ts";
import type { Holder } from "../../lease/lease.ts";
import type { EncryptedStore } from "./encryption/encrypted-store.ts";
import type { StateStore } from "./state-store.ts";

export interface SecretOptions {
  readonly store: EncryptedStore;
  readonly copy: CopyName;
  readonly fence: Fence;
  readonly by: Holder;
  readonly clock?: Clock;
}

const SECRETS = z.record(z.string(), z.string());

/**
 * Returns a secret that belongs to a copy, such as the control key of its machines, and creates it
 * the first time. Secrets are in the store of the state, under a separate name, and never in the
 * state, so that reading a state does not suffice to log in.
 *
 * @throws VmrigError `STATE_KEY_MISSING` without a key: secrets are never stored in clear; `FENCED`
 *   when a later run has claimed them; `STATE_LOST` when they are damaged; the faults of the store
 */
export async function secretOf(
  options: SecretOptions,
  name: string,
  create: () => string,
): Promise<string> {
  const { store, fence, by, clock = systemClock } = options;
  if (!store.encrypts) throw noKey(options);
  const copy = secretsName(options.copy);
  const claim = await store.claim(copy, fence);
  if (claim.outcome === "fenced") throw fenced(options);
  const known = parse(claim.current?.text ?? "{}", options);
  const found = known[name];
  if (found !== undefined) return found;
  const value = create();
  const written = await store.write(copy, {
    id: randomUUID(),
    text: JSON.stringify({ ...known, [name]: value }),
    base: claim.current?.version ?? 0,
    fence,
    by,
    at: clock.wall(),
    summary: `created ${name}`,
    applying: [],
  });
  if (written.outcome !== "written") throw fenced(options);
  return value;
}

/**
 * Forgets the secrets of a copy, whose machines are destroyed: the next ones get others. Does
 * nothing without secrets.
 *
 * @throws VmrigError `FENCED`; the faults of the store
 */
export async function forgetSecrets(
  options: Omit<SecretOptions, "store"> & { readonly store: StateStore },
): Promise<void> {
  const { store, fence, by, clock = systemClock } = options;
  const copy = secretsName(options.copy);
  const base = await store.newestVersion(copy);
  if (base === 0) return;
  const claim = await store.claim(copy, fence);
  if (claim.outcome === "fenced") throw fenced(options);
  const written = await store.write(copy, {
    id: randomUUID(),
    text: "{}",
    base,
    fence,
    by,
    at: clock.wall(),
    summary: "forgot them: the machines are destroyed",
    applying: [],
  });
  if (written.outcome !== "written") throw fenced(options);
}

/** Returns the name under which a store has the secrets of a copy. */
export function secretsName({ rig, copy }: CopyName): CopyName {
  return { rig, copy: `${copy}.secrets` };
}

function parse(text: string, { store, copy }: SecretOptions): z.infer<typeof SECRETS> {
  try {
    return SECRETS.parse(JSON.parse(text));
  } catch (cause) {
    throw new VmrigError("STATE_LOST", {
      message: `The secrets of "${copy.copy}" in ${store.shown} are damaged.`,
      hint: "return to an earlier version of them with a copy of the store, or destroy the rig and use another name for its copies",
      cause,
    });
  }
}

function noKey({ copy, store }: SecretOptions): VmrigError {
  return new VmrigError("STATE_KEY_MISSING", {
    message: `"${copy.copy}" has secrets, which ${store.shown} only stores encrypted, and VMRIG_STATE_KEY is not set.`,
    hint: "create a key with `openssl rand -base64 32`, and set it on all computers",
  });
}

function fenced({
  copy,
  store,
}: Pick<SecretOptions, "copy"> & { readonly store: StateStore }): VmrigError {
  return new VmrigError("FENCED", {
    message: `The secrets of "${copy.copy}" in ${store.shown} belong to a later run.`,
    hint: "this run lost its lease: run again",
  });
}
