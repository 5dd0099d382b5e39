import {
  App,
  HttpBackend,
  TerraformDataSource,
  TerraformProvider,
  TerraformResource,
  TerraformStack,
  type TerraformMetaArguments,
  type TerraformProviderGeneratorMetadata,
} from "cdktf";
import type { Construct } from "constructs";
import type {
  LocalResource,
  RigStack,
  StackData,
  StackProvider,
  StackResource,
} from "../driver/rig-stack.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { literal } from "./literal.ts";
import { valuesHash } from "./infrastructure-hash.ts";
import { createExec, destroyExec } from "./local-exec.ts";
import { OWNER_RESOURCE, STACK_ID, type StateFiles } from "./state-files.ts";
import type { WrittenStack } from "./written-stack.ts";

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

/** A resource of a provider, with the attributes' own names. */
class ProviderResource extends TerraformResource {
  readonly #attributes: Readonly<Record<string, unknown>>;

  constructor(scope: Construct, resource: StackResource, provider: StackProvider | undefined) {
    const { type, name, dependsOn = [], ignoreChanges = [] } = resource;
    super(scope, name, {
      terraformResourceType: type,
      ...(provider && { terraformGeneratorMetadata: generatorOf(provider) }),
      dependsOn: dependsOn.map((fqn) => ({ fqn })),
      ...(ignoreChanges.length > 0 && { lifecycle: { ignoreChanges: [...ignoreChanges] } }),
    });
    this.#attributes = resource.attributes;
    this.overrideLogicalId(name);
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return literal({ ...this.#attributes });
  }
}

class ProviderData extends TerraformDataSource {
  readonly #attributes: Readonly<Record<string, unknown>>;

  constructor(scope: Construct, data: StackData, provider: StackProvider | undefined) {
    super(scope, `data-${data.name}`, {
      terraformResourceType: data.type,
      ...(provider && { terraformGeneratorMetadata: generatorOf(provider) }),
    });
    this.#attributes = data.attributes;
    this.overrideLogicalId(data.name);
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return literal({ ...this.#attributes });
  }
}

class Provider extends TerraformProvider {
  readonly #settings: Readonly<Record<string, unknown>>;

  constructor(scope: Construct, provider: StackProvider) {
    super(scope, `provider-${provider.name}`, {
      terraformResourceType: provider.name,
      terraformGeneratorMetadata: generatorOf(provider),
      terraformProviderSource: provider.source,
    });
    this.#settings = provider.settings ?? {};
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return literal({ ...this.#settings });
  }
}

/** Pins the version: cdktf writes it to `required_providers`. */
function generatorOf({ name, version }: StackProvider): TerraformProviderGeneratorMetadata {
  return { providerName: name, providerVersion: version };
}

class CopyStack extends TerraformStack implements RigStack {
  readonly declared = new Map<string, string>();
  readonly addresses = new Map<string, string>();
  readonly disruptive: Record<string, string[]> = {};
  readonly environment = new Set<string>();
  readonly #providers: StackProvider[] = [];

  constructor(app: App, owner: string, imports: ReadonlyMap<string, string>) {
    super(app, STACK_ID);
    new GateBackend(this, { address: "" });
    new TerraformData(this, OWNER_RESOURCE, { input: literal(owner) });
    if (imports.size > 0)
      this.addOverride(
        "import",
        [...imports].map(([to, id]) => ({ to, id: literal(id) })),
      );
  }

  local(resource: LocalResource): void {
    const { name, dependsOn = [] } = resource;
    this.#takeName("terraform_data", name);
    const values = valuesHash(resource.replaceOn);
    this.declared.set(name, values);
    new TerraformData(
      this,
      name,
      { input: literal(resource.input), triggers_replace: literal(resource.replaceOn) },
      {
        dependsOn: [OWNER_RESOURCE, ...dependsOn].map((other) => ({
          fqn: this.#addressOf(other),
        })),
        provisioners: [createExec(resource.create, values), destroyExec(resource.destroy)],
      },
    );
  }

  provider(provider: StackProvider): void {
    this.#providers.push(provider);
    for (const name of provider.environment ?? []) this.environment.add(name);
    new Provider(this, provider);
  }

  resource(resource: StackResource): void {
    const { type, name, dependsOn = [], disruptive = [] } = resource;
    this.#takeName(type, name);
    const attributes = (this.disruptive[type] ??= []);
    attributes.push(...disruptive.filter((attribute) => !attributes.includes(attribute)));
    const after = [OWNER_RESOURCE, ...dependsOn].map((other) => this.#addressOf(other));
    new ProviderResource(this, { ...resource, dependsOn: after }, this.#providerOf(type));
  }

  data(data: StackData): void {
    new ProviderData(this, data, this.#providerOf(data.type));
  }

  #providerOf(type: string): StackProvider | undefined {
    return this.#providers.find(({ name }) => type.startsWith(`${name}_`));
  }

  #addressOf(name: string): string {
    return this.addresses.get(name) ?? `terraform_data.${name}`;
  }

  #takeName(type: string, name: string): void {
    if (!/^[a-z_][\w-]*$/i.test(name)) {
      throw new VmrigError("CONFIG_INVALID", {
        message: `"${name}" is not a valid machine name: Terraform accepts letters, digits, "_" and "-", and the first character must be a letter or "_".`,
        hint: "rename the machine in the config",
      });
    }
    if (name === OWNER_RESOURCE || this.addresses.has(name)) {
      throw new VmrigError("INTERNAL", {
        message: `The driver declares a resource ${name} twice.`,
      });
    }
    this.addresses.set(name, `${type}.${name}`);
  }
}

/**
 * Writes the stack of one copy as `cdk.tf.json`.
 *
 * @param options.imports ids by address: existing resources that the next apply adopts
 */
export async function writeStack(options: {
  readonly files: StateFiles;
  readonly owner: string;
  readonly imports: ReadonlyMap<string, string>;
  readonly declare: (stack: RigStack) => Promise<void>;
}): Promise<WrittenStack> {
  const app = new App({ outdir: options.files.synth, stackTraces: false });
  const stack = new CopyStack(app, options.owner, options.imports);
  await options.declare(stack);
  app.synth();
  return stack;
}
