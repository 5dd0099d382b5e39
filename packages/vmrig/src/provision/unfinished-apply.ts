import { access, readFile, rm } from "node:fs/promises";
import { z } from "zod";
import type { CopySpec, Inventory } from "../driver/driver.ts";
import { writeJsonAtomically } from "../local-files/atomic-write.ts";
import { stateFiles, type StateFiles } from "./state-files.ts";
import type { State } from "./state.ts";

const UNFINISHED = z.object({
  /** The owner that the machines get, recorded before the first one is created. */
  owner: z.string().min(1),
  /** Machines that the apply creates, replaces or deletes, each with its id in the state before. */
  machines: z.record(z.string(), z.string().nullable()),
});

/**
 * What an apply is about to change, recorded from before the apply until it has saved its state. A
 * record that is left belongs to an apply that was killed. Then the state alone proves nothing:
 * OpenTofu saves it at the end, and Terraform may have saved a machine that was still being created.
 */
export type UnfinishedApply = z.infer<typeof UNFINISHED>;

export async function readUnfinishedApply(files: StateFiles): Promise<UnfinishedApply | undefined> {
  const text = await readFile(files.unfinished, "utf8").catch(() => undefined);
  return text === undefined ? undefined : UNFINISHED.parse(JSON.parse(text));
}

/** Records what an apply changes. */
export async function beginApply(
  files: StateFiles,
  options: {
    readonly owner: string;
    readonly machines: readonly string[];
    readonly state: State | undefined;
  },
): Promise<void> {
  const { owner, machines, state } = options;
  const before = machines.map((name) => [name, idOf(state, name) ?? null] as const);
  const record: UnfinishedApply = { owner, machines: Object.fromEntries(before) };
  await writeJsonAtomically(files.unfinished, record);
}

export async function endApply(files: StateFiles): Promise<void> {
  await rm(files.unfinished, { force: true });
}

/** Whether an apply of this copy is running, or was killed. */
export async function isApplyUnfinished(copy: Pick<CopySpec, "folder">): Promise<boolean> {
  return access(stateFiles(copy).unfinished).then(
    () => true,
    () => false,
  );
}

/**
 * Returns the names of machines whose creation, replacement or removal was interrupted, although
 * the state may have them as intact: those that the driver finds incomplete, and those of a killed
 * apply whose result is not in the state. No test has used them since.
 */
export function interruptedMachines(options: {
  readonly state: State | undefined;
  readonly inventory: Inventory;
  readonly unfinished: UnfinishedApply | undefined;
}): ReadonlySet<string> {
  const { state, inventory, unfinished } = options;
  const found = new Map(inventory.machines.map((machine) => [machine.name, machine]));
  const interrupted = new Set<string>();
  for (const { name, incomplete } of inventory.machines) if (incomplete) interrupted.add(name);
  for (const [name, before] of Object.entries(unfinished?.machines ?? {})) {
    const machine = found.get(name);
    const exists = machine !== undefined && machine.power !== "absent";
    if (exists && machine.owner !== undefined && machine.owner !== unfinished?.owner) continue;
    const id = idOf(state, name);
    if (!exists || id === undefined || id === before) interrupted.add(name);
  }
  return interrupted;
}

function idOf(state: State | undefined, name: string): string | undefined {
  return state?.resources.find((resource) => resource.name === name)?.id;
}
