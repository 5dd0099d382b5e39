import { VmrigError } from "../../errors/vmrig-error.ts";
import type { CopyName } from "../../lease/keys.ts";
import type { StateStore } from "../../provision/state/state-store.ts";

/** @throws VmrigError `STATE_UNWRITABLE` when a store does not return what was written to it */
export async function verifyStored(
  store: StateStore,
  { copy, text }: { readonly copy: CopyName; readonly text: string },
): Promise<void> {
  const read = await store.read(copy);
  if (read?.text === text) return;
  throw new VmrigError("STATE_UNWRITABLE", {
    message: `${store.shown} does not return the state of "${copy.copy}" that was written to it.`,
    hint: "leave the config as it is, and find out what changes the content of this store",
  });
}
