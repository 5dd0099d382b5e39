import { readFile, stat } from "node:fs/promises";
import { z } from "zod";
import { VmrigError } from "../errors/vmrig-error.ts";
import { OWNER_RESOURCE } from "./state-files.ts";

/** The fields that vmrig reads of Terraform's state. */
export interface State {
  readonly lineage: string;
  readonly serial: number;
  /** Absent before the first machine was created, and after all were destroyed. */
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
 * Reads a local state file. Costs one read: no Terraform is started.
 *
 * @returns `undefined` when there is no state yet, or an empty one
 * @throws VmrigError `STATE_LOST` when the file is not a state
 */
export async function readState(path: string): Promise<State | undefined> {
  const text = await readFile(path, "utf8").catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw await unreadable(path, error);
  });
  if (text.trim() === "") return undefined;
  let file: z.infer<typeof FILE>;
  try {
    file = FILE.parse(JSON.parse(text));
  } catch (error) {
    throw await unreadable(path, error);
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

/**
 * Returns whether there is a state file without a state. Terraform and OpenTofu create it when they
 * lock the state for the first time, and leave it empty if they are killed before the first save.
 */
export async function isStateEmpty(path: string): Promise<boolean> {
  return (await readState(path)) === undefined && (await exists(path));
}

/** Whether the state has no valid content, which an attempt to read it again cannot change. */
export async function isStateDamaged(path: string): Promise<boolean> {
  return await readState(path).then(
    () => false,
    ({ cause }: VmrigError) => !(cause instanceof Error && "code" in cause && "syscall" in cause),
  );
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function unreadable(path: string, cause: unknown): Promise<VmrigError> {
  // Terraform writes the backup before the second change only.
  const backup = `${path}.backup`;
  const restore = (await exists(backup))
    ? `restore a good version at this path: Terraform keeps the previous version as ${backup}`
    : "restore a good version at this path from a copy of your own";
  return new VmrigError("STATE_LOST", {
    message: `The Terraform state ${path} cannot be read.`,
    details: [cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause)],
    hint: `${restore}, or remove all machines with \`vmrig destroy\``,
    cause,
  });
}
