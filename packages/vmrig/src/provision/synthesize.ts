import type { CopySpec, Driver, Fingerprint } from "../driver/driver.ts";
import type { WrittenStack } from "./written-stack.ts";
import type { StateFiles } from "./state-files.ts";

/**
 * Variables that cdktf reads from the environment, partly during its import. They would move the
 * output or convert it to HCL.
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
 * Collects the resources that the driver declares for a copy, and writes the stack to the folder in
 * which Terraform runs.
 *
 * @param options.imports ids by address: existing resources to adopt. @defaultValue none
 */
export async function synthesize(options: {
  readonly driver: Driver;
  readonly copy: CopySpec;
  readonly fingerprint?: Fingerprint;
  readonly owner: string;
  readonly secret?: string | undefined;
  readonly attempt?: number | undefined;
  readonly files: StateFiles;
  readonly imports?: ReadonlyMap<string, string>;
}): Promise<WrittenStack> {
  const { driver, copy, fingerprint, owner, files, imports = new Map() } = options;
  const { secret, attempt } = options;
  const { writeStack } = await importWithoutVariables();
  return await writeStack({
    files,
    owner,
    imports,
    declare: async (stack) =>
      await driver.declare(stack, copy, {
        owner,
        ...(fingerprint && { fingerprint }),
        ...(secret !== undefined && { secret }),
        ...(attempt !== undefined && { attempt }),
      }),
  });
}

/**
 * Imports cdktf without these variables. They stay deleted: cdktf reads some of them again with
 * each stack, and no other code in this process uses them.
 */
async function importWithoutVariables(): Promise<typeof import("./cdktf.ts")> {
  for (const name of CDKTF_VARIABLES) delete process.env[name];
  return await import("./cdktf.ts");
}
