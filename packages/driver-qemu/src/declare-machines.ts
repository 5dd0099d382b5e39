import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { VmrigError, type CopySpec, type Fingerprint, type RigStack } from "vmrig/driver";
import { findImage, type ImageSource } from "./image/image.ts";
import type { Image } from "./image/manifest.ts";
import type { MachineDefinition } from "./machine-files.ts";
import { measureAccelerator, resolveAccelerator, type Accelerator } from "./process/accelerator.ts";

/** Resource name of the private network. Machine names have no underscore, so it cannot clash. */
const LAN = "vmrig_lan";

export interface DeclareOptions {
  readonly copy: CopySpec;
  readonly owner: string;
  /** Missing for a stack that is only destroyed. */
  readonly fingerprint?: Fingerprint | undefined;
  readonly image: ImageSource;
  readonly accel: Accelerator | "auto";
}

/** Adds the network and the machines of a copy to the Terraform stack. */
export async function declareMachines(stack: RigStack, options: DeclareOptions): Promise<void> {
  const { copy, owner } = options;
  const { folder, runtimeFolder } = copy;
  const { accelerator, imageFrom } = await resolveBase(options);
  const image = linkedImage(folder, imageFrom);
  stack.local({
    name: LAN,
    input: { folder, runtimeFolder },
    replaceOn: {},
    create: step("create", "lan"),
    destroy: step("destroy", "lan"),
  });
  for (const [index, spec] of copy.machines.entries()) {
    declareMachine(stack, {
      ...spec,
      rig: copy.rig,
      copy: copy.copy,
      folder,
      runtimeFolder,
      cacheFolder: copy.cacheFolder,
      owner,
      index,
      accelerator,
      imageFrom,
      image,
    });
  }
}

function declareMachine(stack: RigStack, definition: MachineDefinition): void {
  stack.local({
    name: definition.name,
    input: { ...definition },
    replaceOn: {
      image: definition.image.digest,
      accelerator: definition.accelerator,
      cpus: definition.cpus,
      memory_mb: definition.memoryMb,
      disk_gb: definition.diskGb,
      lan_address: definition.lanAddress,
    },
    create: step("create", "machine"),
    destroy: step("destroy", "machine"),
    dependsOn: [LAN],
  });
}

type Base = Pick<MachineDefinition, "accelerator" | "imageFrom">;

/**
 * Placeholders for a stack that is only destroyed: each destroy step receives the definition with
 * which its machine was created.
 */
const PLACEHOLDERS: Base = {
  accelerator: "tcg",
  imageFrom: { name: "any", digest: "any", disk: "", kernel: "", initrd: "", append: "" },
};

async function resolveBase({ copy, fingerprint, image, accel }: DeclareOptions): Promise<Base> {
  if (fingerprint === undefined) return PLACEHOLDERS;
  const { accelerator } = resolveAccelerator(accel, measureAccelerator());
  const imageFrom = await findImage(image, { cacheFolder: copy.cacheFolder });
  // The name of a locally built image moves to the newest build.
  if (imageFrom.digest === fingerprint.image) return { accelerator, imageFrom };
  throw new VmrigError("IMAGE_MISMATCH", {
    message: `The image ${imageFrom.name} changed while the run was starting.`,
    details: [`before  ${fingerprint.image}`, `now     ${imageFrom.digest}`],
    hint: "run again",
  });
}

/** Returns the copy's own link to an image (see `createMachine`). */
function linkedImage(copyFolder: string, image: Image): Image {
  const folder = join(copyFolder, "images", image.digest.replace(/^\w+:/, "").slice(0, 16));
  return {
    ...image,
    disk: join(folder, "disk.qcow2"),
    kernel: join(folder, "kernel"),
    initrd: join(folder, "initrd"),
  };
}

interface Step {
  readonly command: readonly [string, ...string[]];
}

function step(verb: "create" | "destroy", what: "machine" | "lan"): Step {
  const program = fileURLToPath(new URL("./terraform-steps.js", import.meta.url));
  return { command: [process.execPath, program, verb, what] };
}
