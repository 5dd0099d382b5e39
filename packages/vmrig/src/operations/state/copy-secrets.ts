import { VmrigError } from "../../errors/vmrig-error.ts";
import { secretsName } from "../../provision/state/secrets.ts";
import { StateSession, type SessionOptions } from "../../provision/state/state-session.ts";
import type { StateStore } from "../../provision/state/state-store.ts";
import { verifyStored } from "./verify-stored.ts";

export interface CopySecretsOptions extends Omit<SessionOptions, "store"> {
  readonly from: StateStore;
  readonly to: StateStore;
}

/**
 * Copies the secrets beside a state to another store, if there are any, and reads them back.
 *
 * @returns whether there are any
 * @throws VmrigError `STATE_UNWRITABLE` when the other store has secrets that these do not contain
 */
export async function copySecrets(options: CopySecretsOptions): Promise<boolean> {
  const { from, to } = options;
  const copy = secretsName(options.copy);
  if ((await from.newestVersion(copy)) === 0) return false;
  const { text, version } = await StateSession.open({ ...options, store: from, copy });
  if (text === undefined) return false;
  const target = await StateSession.open({ ...options, store: to, copy });
  if (target.text === text) return true;
  if (target.text !== undefined && !isPartOf(target.text, text)) {
    throw new VmrigError("STATE_UNWRITABLE", {
      message: `${to.shown} already has other secrets of "${options.copy.copy}". Nothing was copied.`,
      hint: "copy to an empty store",
    });
  }
  await target.replace(text, { summary: `copied from version ${version} of ${from.shown}` });
  await verifyStored(to, { copy, text });
  return true;
}

/** Whether all secrets of a text are in another one. A secret is created once, and never changes. */
function isPartOf(some: string, all: string): boolean {
  const [few, many] = [some, all].map((text) => JSON.parse(text) as Record<string, string>);
  return Object.entries(few ?? {}).every(([name, value]) => many?.[name] === value);
}
