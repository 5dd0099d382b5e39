import { createHash, randomUUID } from "node:crypto";
import { execa } from "execa";
import { tmpdir } from "node:os";
import type { Origin } from "../origin.ts";
import type {
  LocalResource,
  LocalStep,
  RigStack,
  StackData,
  StackProvider,
  StackResource,
} from "../rig-stack.ts";

/**
 * Timeout of a driver's step. Creating a real machine takes seconds, downloading its image minutes.
 */
const STEP_MS = 600_000;

/**
 * Collects the resources that a driver declares, and runs their steps as Terraform would: as
 * processes, in the order of their dependencies, with the input in `VMRIG_INPUT` and the origin in
 * `VMRIG_ORIGIN`, without stdin, with umask 077 and a minimal environment.
 */
export class StepStack implements RigStack {
  readonly #resources = new Map<string, LocalResource>();
  readonly #origins = new Map<string, Origin>();
  /** Resources of providers, which only Terraform can create. */
  readonly ofProviders: StackResource[] = [];

  get resources(): readonly LocalResource[] {
    return [...this.#resources.values()];
  }

  local(resource: LocalResource): void {
    const { name, dependsOn = [] } = resource;
    if (!/^[a-z_][\w-]*$/i.test(name))
      throw new Error(`Terraform does not accept the name "${name}"`);
    if (this.#resources.has(name)) throw new Error(`"${name}" is declared twice`);
    const unknown = dependsOn.filter((other) => !this.#resources.has(other));
    if (unknown.length > 0)
      throw new Error(
        `"${name}" depends on ${unknown.join(", ")}, which is not declared before it`,
      );
    this.#resources.set(name, resource);
  }

  provider(_provider: StackProvider): void {}

  resource(resource: StackResource): void {
    this.ofProviders.push(resource);
  }

  data(_data: StackData): void {}

  /** Returns what the last create step of a resource received. */
  origin(name: string): Origin | undefined {
    return this.#origins.get(name);
  }

  /** Runs the create steps. Independent steps run concurrently. */
  async create(): Promise<void> {
    const [first] = this.ofProviders;
    if (first !== undefined)
      throw new Error(`${first.type} is of a provider: the harness must run Terraform`);
    for (const { name, replaceOn } of this.resources) {
      const values = createHash("sha256").update(JSON.stringify(replaceOn)).digest("hex");
      this.#origins.set(name, { resource: randomUUID(), values });
    }
    await this.#runInOrder(this.resources, "create", ({ dependsOn = [] }) => dependsOn);
  }

  /** Runs the destroy steps. Each runs after the steps of its dependents. */
  async destroy(): Promise<void> {
    await this.#runInOrder(this.resources.toReversed(), "destroy", ({ name }) =>
      this.resources
        .filter(({ dependsOn }) => dependsOn?.includes(name))
        .map((dependent) => dependent.name),
    );
  }

  /**
   * Runs one step of each resource after the steps it waits for. Waits for all steps, also when one
   * fails, so that no step is left running.
   */
  async #runInOrder(
    resources: readonly LocalResource[],
    verb: "create" | "destroy",
    waitsFor: (resource: LocalResource) => readonly string[],
  ): Promise<void> {
    const started = new Map<string, Promise<void>>();
    for (const resource of resources) {
      const before = waitsFor(resource).map((name) => started.get(name) ?? Promise.resolve());
      const origin = verb === "create" ? this.origin(resource.name) : undefined;
      started.set(
        resource.name,
        Promise.all(before).then(() => run(resource, verb, origin)),
      );
    }
    const failed = (await Promise.allSettled(started.values())).find(
      (outcome) => outcome.status === "rejected",
    );
    if (failed !== undefined) throw failed.reason;
  }
}

async function run(
  { name, input, ...steps }: LocalResource,
  verb: "create" | "destroy",
  origin: Origin | undefined,
): Promise<void> {
  const { command, environment }: LocalStep = steps[verb];
  const { PATH, HOME, TMPDIR } = process.env;
  const result = await execa("/bin/sh", ["-c", 'umask 077 && exec "$@"', "sh", ...command], {
    cwd: tmpdir(),
    env: {
      PATH,
      HOME,
      TMPDIR,
      ...environment,
      VMRIG_INPUT: JSON.stringify(input),
      ...(origin && { VMRIG_ORIGIN: JSON.stringify(origin) }),
    },
    extendEnv: false,
    stdin: "ignore",
    all: true,
    reject: false,
    timeout: STEP_MS,
  });
  if (result.timedOut)
    throw new Error(
      `the ${verb} step of ${name} did not end, or left a process that keeps its output open:\n${result.all}`,
    );
  if (result.failed)
    throw new Error(`the ${verb} step of ${name} failed (${result.shortMessage}):\n${result.all}`);
}
