/**
 * A step of a `terraform_data` resource: a command that Terraform runs on this computer. For the
 * author of the step there is no shell in between: arguments are passed unchanged, and the stack
 * does the quoting and the escaping of Terraform's interpolation.
 *
 * The command runs with umask 077, without stdin, in an environment of `PATH`, `HOME`, `TMPDIR` and
 * little else. An exit status other than 0 fails the run, and the output becomes part of the error.
 * A background process of the step must have closed stdout and stderr, otherwise Terraform waits
 * for it.
 */
export interface LocalStep {
  readonly command: readonly [string, ...string[]];
  readonly environment?: Readonly<Record<string, string>>;
}

/** A resource that Terraform creates and destroys through steps on this computer. */
export interface LocalResource {
  /**
   * Stable name, which becomes the address `terraform_data.<name>`. Letters, digits, `_` and `-`;
   * the first character is a letter or `_`. The resource of a machine has the machine's name: vmrig
   * compares the names in the state with those of `inspect`.
   */
  readonly name: string;
  /**
   * Stored in the state. The `destroy` step receives it as JSON in the environment variable
   * `VMRIG_INPUT`. A changed input is an update.
   */
  readonly input: Readonly<Record<string, unknown>>;
  /** A change of any of these values replaces the resource. */
  readonly replaceOn: Readonly<Record<string, string | number>>;
  /**
   * Receives the input as JSON in `VMRIG_INPUT`, and the machine's `Origin` in `VMRIG_ORIGIN`. The
   * step starts from scratch: after an interrupted attempt, Terraform runs `create` again on the
   * remains of that attempt, and does **not** run `destroy` before it. A machine that is complete
   * is taken over if `canTakeOver` allows it.
   */
  readonly create: LocalStep;
  /** Succeeds when the resource is already gone. */
  readonly destroy: LocalStep;
  /** Names of resources that must exist before this one is created, and be destroyed after it. */
  readonly dependsOn?: readonly string[];
}

/** A Terraform provider, pinned to one version. */
export interface StackProvider {
  /** Local name, with which the types of its resources begin: `hcloud`. */
  readonly name: string;
  /** `hetznercloud/hcloud` */
  readonly source: string;
  /** Exact version: `1.68.0`. */
  readonly version: string;
  /** Settings that are not secret. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Names of variables that the provider reads from the user's environment: `HCLOUD_TOKEN`. */
  readonly environment?: readonly string[];
}

/** A resource of a provider. Terraform owns its existence only. */
export interface StackResource {
  /** `hcloud_server` */
  readonly type: string;
  /**
   * Stable name, which becomes the address `<type>.<name>`, with the rules of
   * {@link LocalResource.name}. No two resources of a stack have the same name.
   */
  readonly name: string;
  /** Attributes with the names of the provider. A {@link Reference} stands for a value. */
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Names of resources that must exist before this one is created, and be destroyed after it. */
  readonly dependsOn?: readonly string[];
  /** Attributes that vmrig itself changes after the creation. */
  readonly ignoreChanges?: readonly string[];
  /** Attributes whose change in place restarts or rewrites a machine. A run may not change them. */
  readonly disruptive?: readonly string[];
}

/** A data source of a provider. */
export type StackData = Pick<StackResource, "type" | "name" | "attributes">;

/** Value that Terraform knows after it created another resource. See {@link reference}. */
export class Reference {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }
}

/**
 * Refers to an attribute of a resource in the attributes of another one.
 *
 * @param address `hcloud_network.lan`, or `data.hcloud_image.debian`
 */
export function reference(address: string, attribute: string): Reference {
  return new Reference(`${address}.${attribute}`);
}

/**
 * The CDKTF stack as a driver sees it, so that no driver imports cdktf. Every string arrives
 * unchanged, because it is escaped against interpolation.
 */
export interface RigStack {
  /**
   * @throws VmrigError `CONFIG_INVALID` for a name that Terraform does not accept, `INTERNAL` for a
   *   name that is declared twice
   */
  local(resource: LocalResource): void;
  provider(provider: StackProvider): void;
  /** @throws as {@link local} does */
  resource(resource: StackResource): void;
  data(data: StackData): void;
}

/**
 * Returns a stack for drivers that declare local resources alone, to examine what they declare. The
 * other methods throw.
 */
export function localOnly(local: RigStack["local"]): RigStack {
  const refuse = (): never => {
    throw new Error("this stack has local resources only");
  };
  return { local, provider: refuse, resource: refuse, data: refuse };
}
