import type { CopySpec, Driver, Fingerprint } from "../driver/driver.ts";
import type { StateFiles } from "./state-files.ts";

/**
 * What cdktf reads from the environment, partly while it is imported. It would move the output, or
 * turn it into HCL.
 */
const CDKTF_VARIABLES = [
  "CDKTF_OUTDIR",
  "CDKTF_TARGET_STACK_ID",
  "CDKTF_CONTEXT_JSON",
  "CDKTF_CONTINUE_SYNTH_ON_ERROR_ANNOTATIONS",
  "SYNTH_HCL_OUTPUT",
  "TERRAFORM_BINARY_NAME",
];

/**
 * Lets the driver declare what a copy is made of, and writes it where Terraform will run.
 *
 * @returns the names of what it declared
 */
export async function synthesize(options: {
  readonly driver: Driver;
  readonly copy: CopySpec;
  readonly fingerprint?: Fingerprint;
  readonly owner: string;
  readonly files: StateFiles;
}): Promise<ReadonlySet<string>> {
  const { driver, copy, fingerprint, owner, files } = options;
  const { writeStack } = await importWithoutVariables();
  return await writeStack({
    files,
    owner,
    declare: async (stack) =>
      await driver.declare(stack, copy, { owner, ...(fingerprint && { fingerprint }) }),
  });
}

/**
 * They stay deleted: cdktf reads some of them again with each stack, and nobody else in this
 * process wants them.
 */
async function importWithoutVariables(): Promise<typeof import("./cdktf.ts")> {
  for (const name of CDKTF_VARIABLES) delete process.env[name];
  return await import("./cdktf.ts");
}
