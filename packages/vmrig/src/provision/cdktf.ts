import {
  App,
  HttpBackend,
  TerraformResource,
  TerraformStack,
  type TerraformMetaArguments,
} from "cdktf";
import type { Construct } from "constructs";
import type { LocalResource, RigStack } from "../driver/rig-stack.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { literal } from "./literal.ts";
import { valuesHash } from "./infrastructure-hash.ts";
import { createExec, destroyExec } from "./local-exec.ts";
import { OWNER_RESOURCE, STACK_ID, type StateFiles } from "./state-files.ts";

// This is the only file that imports cdktf, which costs 200 ms. Load it through `synthesize`, never
// statically.

/** Replaces cdktf's own `DataResource`, which starts `terraform version` for each resource. */
class TerraformData extends TerraformResource {
  readonly #attributes: Record<string, unknown>;

  constructor(
    scope: Construct,
    name: string,
    attributes: Record<string, unknown>,
    meta: TerraformMetaArguments = {},
  ) {
    super(scope, name, { ...meta, terraformResourceType: "terraform_data" });
    this.#attributes = attributes;
    // Without this the address would end in a hash.
    this.overrideLogicalId(name);
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return this.#attributes;
  }
}

/** The address and the token come from the environment, so that they are in no file. */
class GateBackend extends HttpBackend {
  protected override synthesizeAttributes(): Record<string, unknown> {
    return {};
  }
}

class CopyStack extends TerraformStack implements RigStack {
  readonly declared = new Map<string, string>();

  constructor(app: App, options: { readonly owner: string }) {
    super(app, STACK_ID);
    new GateBackend(this, { address: "" });
    new TerraformData(this, OWNER_RESOURCE, { input: literal(options.owner) });
  }

  local(resource: LocalResource): void {
    const { name, dependsOn = [] } = resource;
    this.#assertNameIsFree(name);
    const values = valuesHash(resource.replaceOn);
    this.declared.set(name, values);
    new TerraformData(
      this,
      name,
      { input: literal(resource.input), triggers_replace: literal(resource.replaceOn) },
      {
        dependsOn: [OWNER_RESOURCE, ...dependsOn].map((other) => ({
          fqn: `terraform_data.${other}`,
        })),
        provisioners: [createExec(resource.create, values), destroyExec(resource.destroy)],
      },
    );
  }

  #assertNameIsFree(name: string): void {
    if (!/^[a-z_][\w-]*$/i.test(name)) {
      throw new VmrigError("CONFIG_INVALID", {
        message: `"${name}" is not a valid machine name: Terraform accepts letters, digits, "_" and "-", and the first character must be a letter or "_".`,
        hint: "rename the machine in the config",
      });
    }
    if (name === OWNER_RESOURCE || this.declared.has(name)) {
      throw new VmrigError("INTERNAL", {
        message: `The driver declares terraform_data.${name} twice.`,
      });
    }
  }
}

/**
 * Writes the stack of one copy as `cdk.tf.json`.
 *
 * @returns the names of the resources that the driver declared, each with the hash of the values
 *   that it is replaced on
 */
export async function writeStack(options: {
  readonly files: StateFiles;
  readonly owner: string;
  readonly declare: (stack: RigStack) => Promise<void>;
}): Promise<ReadonlyMap<string, string>> {
  const app = new App({ outdir: options.files.synth, stackTraces: false });
  const stack = new CopyStack(app, options);
  await options.declare(stack);
  app.synth();
  return stack.declared;
}
