import {
  App,
  LocalBackend,
  TerraformOutput,
  TerraformProvider,
  TerraformResource,
  TerraformStack,
} from "cdktf";
import type { Construct } from "constructs";
import type { StackResource } from "../../../packages/vmrig/src/driver/rig-stack.ts";
import { STACK_ID, type StateFiles } from "../../../packages/vmrig/src/provision/state-files.ts";
import { PROVIDER } from "./declare.ts";
import { render } from "./template.ts";

// The only file of this app that imports cdktf, which costs 200 ms. Load it with `await import()`.

const GENERATOR = { providerName: PROVIDER.name, providerVersion: PROVIDER.version };

/** Outputs are texts: with an object cdktf calls a function that Node.js deprecates. */
export type Outputs = Readonly<Record<string, string>>;

class Resource extends TerraformResource {
  readonly #attributes: Readonly<Record<string, unknown>>;

  constructor(scope: Construct, { type, name, attributes }: StackResource) {
    super(scope, `${type}-${name}`, {
      terraformResourceType: type,
      terraformGeneratorMetadata: GENERATOR,
    });
    this.#attributes = attributes;
    // Without this the address would end in a hash.
    this.overrideLogicalId(name);
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return render(this.#attributes);
  }
}

class Provider extends TerraformProvider {
  constructor(scope: Construct) {
    super(scope, "provider", {
      terraformResourceType: PROVIDER.name,
      terraformGeneratorMetadata: GENERATOR,
      terraformProviderSource: PROVIDER.source,
    });
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return { ...PROVIDER.settings };
  }
}

/**
 * Writes the stack as `cdk.tf.json`. Its state is a file in the same private folder.
 *
 * @param options.outputs expressions by name: `${hcloud_server.control.id}`
 */
export function writeStack(options: {
  readonly files: StateFiles;
  readonly resources: readonly StackResource[];
  readonly outputs: Outputs;
}): void {
  const { files, resources, outputs } = options;
  const app = new App({ outdir: files.synth, stackTraces: false });
  const stack = new TerraformStack(app, STACK_ID);
  new LocalBackend(stack, { path: files.native });
  new Provider(stack);
  for (const resource of resources) new Resource(stack, resource);
  for (const [name, value] of Object.entries(outputs))
    new TerraformOutput(stack, `output-${name}`, { value }).overrideLogicalId(name);
  app.synth();
}
