import { z } from "zod";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { CopyName } from "../lease/keys.ts";
import type { StateSession } from "./state/state-session.ts";
import type { StateStore } from "./state/state-store.ts";
import { decryptState } from "./decrypt-state.ts";
import { OWNER_RESOURCE } from "./state-files.ts";

/** The fields that vmrig reads of Terraform's state. */
export interface State {
  readonly lineage: string;
  readonly serial: number;
  /** Absent after all machines were destroyed. */
  readonly owner: string | undefined;
  readonly resources: readonly StateResource[];
}

export interface StateResource {
  /** `terraform_data.pc1` */
  readonly address: string;
  readonly name: string;
  /** Generated with each creation, and part of the machine's origin. */
  readonly id: string | undefined;
  /** Whether the create step failed or was interrupted, so that no test has used the machine. */
  readonly tainted: boolean;
}

/** Which version of the state describes the machines. */
export interface StateStamp {
  readonly version: number;
  /** Stamped on every machine of this state. */
  readonly owner: string;
}

// Version 4, written by Terraform >= 0.12 and OpenTofu: internal/states/statefile/version4.go.
const FILE = z.object({
  version: z.literal(4),
  lineage: z.string().min(1),
  serial: z.number().int(),
  resources: z.array(
    z.object({
      module: z.string().optional(),
      mode: z.string(),
      type: z.string(),
      name: z.string(),
      instances: z.array(
        z.object({
          status: z.string().optional(),
          attributes: z.record(z.string(), z.unknown()).nullish(),
        }),
      ),
    }),
  ),
});

/**
 * Returns the newest version of a run's state.
 *
 * @throws as {@link parseState} and `decryptState` do
 */
export async function stateOf({ text, shown }: StateSession): Promise<State | undefined> {
  return parseState(await decryptState(text, shown), shown);
}

/**
 * Parses the text of a state. An empty text is no state: engines write one when they lock a file.
 *
 * @param shown the state's place, for the error: `state of "pcs-1" in …`
 * @throws VmrigError `STATE_LOST` when the text is not a state
 */
export function parseState(text: string | undefined, shown: string): State | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  let file: z.infer<typeof FILE>;
  try {
    file = FILE.parse(JSON.parse(text));
  } catch (error) {
    throw new VmrigError("STATE_LOST", {
      message: `The ${shown} is damaged.`,
      details: [error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error)],
      hint: "return to an earlier version with `vmrig state rollback`, or remove all machines with `vmrig destroy`",
      cause: error,
    });
  }
  const managed = file.resources.filter(
    (resource) => resource.mode === "managed" && resource.instances.length > 0,
  );
  const owner = managed.find(
    (resource) => resource.type === "terraform_data" && resource.name === OWNER_RESOURCE,
  );
  return {
    lineage: file.lineage,
    serial: file.serial,
    owner: ownerOf(owner?.instances[0]?.attributes),
    resources: managed.map(({ module, type, name, instances }) => ({
      address: [module, type, name].filter((part) => part !== undefined).join("."),
      name,
      id: ID.safeParse(instances[0]?.attributes).data?.id,
      tainted: instances.some((instance) => instance.status === "tainted"),
    })),
  };
}

const ID = z.object({ id: z.string() });
// An attribute of dynamic type is stored together with its type.
const OWNER = z.object({ input: z.object({ value: z.string().min(1) }) });

function ownerOf(attributes: unknown): string | undefined {
  return OWNER.safeParse(attributes).data?.input.value;
}

/** The newest version of a state, read without a lease. */
export interface StateReading {
  readonly state: State | undefined;
  /** Missing for a state without an owner, of a copy that has no machines. */
  readonly stamp: StateStamp | undefined;
  /** Names of machines that an apply that has not succeeded may have changed. */
  readonly applying: readonly string[];
}

/**
 * Reads the newest version of a copy's state.
 *
 * @throws VmrigError `STATE_LOST` when it is damaged; the faults of the store
 */
export async function readState(states: StateStore, copy: CopyName): Promise<StateReading> {
  const stored = await states.read(copy);
  const shown = `state of "${copy.copy}" in ${states.shown}`;
  const state = parseState(await decryptState(stored?.text, shown), shown);
  return {
    state,
    stamp:
      stored === undefined || state?.owner === undefined
        ? undefined
        : { version: stored.version, owner: state.owner },
    applying: stored?.applying ?? [],
  };
}
