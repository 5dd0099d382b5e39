import { randomUUID } from "node:crypto";
import { person } from "../lease/fixtures/holders.ts";
import type { CopyName } from "../lease/keys.ts";
import type { StateStore, StateWrite } from "./state/state-store.ts";

/**
 * Stores another version of a state, as a person does who returns to an earlier one.
 *
 * @param more.applying machines that a killed apply may have changed. @defaultValue none
 * @param more.removing those that it was to replace or delete. @defaultValue none
 * @param more.fence @defaultValue that of the newest version
 */
export async function replaceState(
  states: StateStore,
  copy: CopyName,
  text: string,
  more: Partial<Pick<StateWrite, "applying" | "removing" | "fence">> = {},
): Promise<void> {
  const newest = await states.read(copy);
  const written = await states.write(copy, {
    id: randomUUID(),
    text,
    base: newest?.version ?? 0,
    fence: more.fence ?? newest?.fence ?? 1,
    by: person("operator"),
    at: 0,
    summary: "by hand",
    applying: more.applying ?? [],
    removing: more.removing ?? [],
  });
  if (written.outcome !== "written")
    throw new Error(`the state was not stored: ${written.outcome}`);
}

/** Returns the text of a state without its machines. */
export function withoutMachines(text: string): string {
  const state = JSON.parse(text) as {
    readonly serial: number;
    readonly resources: ReadonlyArray<{ readonly name: string }>;
  };
  const resources = state.resources.filter(({ name }) => name === "vmrig_owner");
  return JSON.stringify({ ...state, serial: state.serial + 1, resources });
}
