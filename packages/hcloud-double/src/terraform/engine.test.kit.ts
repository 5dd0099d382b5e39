import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { onTestFinished, vi } from "vitest";
import { HcloudDouble } from "../hcloud-double.ts";
import { installProvider } from "./install-provider.ts";

// Each command of Terraform starts the provider several times.
vi.setConfig({ testTimeout: 120_000 });

/** A real provider refuses every other length. */
const TOKEN = "t".repeat(64);

export interface Run {
  readonly code: number | null;
  readonly output: string;
}

interface Change {
  readonly actions: readonly string[];
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
  readonly replace_paths?: readonly unknown[];
  readonly importing?: object;
}

export interface PlanJson {
  readonly resource_changes?: ReadonlyArray<{
    readonly address: string;
    readonly action_reason?: string;
    readonly change: Change;
  }>;
}

/** Terraform in a folder, with a state there, on a double. */
export interface Engine {
  readonly double: HcloudDouble;
  write(config: object): Promise<void>;
  /** Runs Terraform; it may fail. `onStart` gets the process group. */
  run(args: readonly string[], onStart?: (group: number) => void): Promise<Run>;
  /** Throws if the apply fails. */
  apply(): Promise<void>;
  /** Plans, and returns the plan. Throws if that fails. */
  plan(): Promise<PlanJson>;
  /** Returns the attributes of each resource by address. */
  state(): Promise<Record<string, StateResource>>;
  /** Loses the state. */
  forget(): Promise<void>;
}

export interface StateResource {
  readonly isTainted: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Polls actions as fast as the double ends them. */
const PROVIDER = { hcloud: { poll_interval: "10ms", poll_function: "constant" } };

export async function startEngine(): Promise<Engine> {
  const double = await HcloudDouble.start({ actionDelay: async () => {} });
  onTestFinished(() => double[Symbol.asyncDispose]());
  double.tokens.set(TOKEN, "read-write");
  const folder = await mkdtemp(join(tmpdir(), "hcloud-double-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { cliConfig, which } = await installProvider(folder);
  report(which);
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: folder,
    TF_CLI_CONFIG_FILE: cliConfig,
    TF_INPUT: "0",
    CHECKPOINT_DISABLE: "1",
    HCLOUD_ENDPOINT: double.endpoint,
    HCLOUD_TOKEN: TOKEN,
  };
  const run: Engine["run"] = async (args, onStart) => {
    const child = spawn("terraform", [...args, "-no-color"], { cwd: folder, env, detached: true });
    const closed = once(child, "close");
    await once(child, "spawn");
    const group = child.pid ?? 0;
    onTestFinished(() => {
      if (child.exitCode === null && child.signalCode === null) process.kill(-group, "SIGKILL");
    });
    onStart?.(group);
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
    return { code: child.exitCode, output: output + errors };
  };
  const mustRun = async (...args: readonly string[]): Promise<string> => {
    const { code, output } = await run(args);
    if (code !== 0) throw new Error(`terraform ${args[0]} ended with ${code}\n${output}`);
    return output;
  };
  const stateFile = join(folder, "terraform.tfstate");
  let isInitialized = false;
  return {
    double,
    run,
    async write(config) {
      const hcloud = { source: "hetznercloud/hcloud", version: "1.68.0" };
      const whole = {
        terraform: { required_providers: { hcloud } },
        provider: PROVIDER,
        ...config,
      };
      await writeFile(join(folder, "main.tf.json"), JSON.stringify(whole));
      if (!isInitialized) await mustRun("init");
      isInitialized = true;
    },
    apply: async () => void (await mustRun("apply", "-auto-approve")),
    async plan() {
      await mustRun("plan", "-out=plan");
      return JSON.parse(await mustRun("show", "-json", "plan")) as PlanJson;
    },
    state: async () => parseState(await readFile(stateFile, "utf8")),
    forget: () => rm(stateFile),
  };
}

let isReported = false;

/** Prints once per test file what the tests run on. */
function report(which: string): void {
  if (!isReported) process.stdout.write(`Terraform runs with the ${which} provider hcloud\n`);
  isReported = true;
}

function parseState(content: string): Record<string, StateResource> {
  const { resources } = JSON.parse(content) as {
    readonly resources: ReadonlyArray<{
      readonly type: string;
      readonly name: string;
      readonly instances: ReadonlyArray<{
        readonly status?: string;
        readonly attributes: StateResource["attributes"];
      }>;
    }>;
  };
  return Object.fromEntries(
    resources.flatMap(({ type, name, instances }) =>
      instances.map(({ status, attributes }) => [
        `${type}.${name}`,
        { isTainted: status === "tainted", attributes },
      ]),
    ),
  );
}

/** Returns what a plan does by address, without what it leaves alone: `update labels name`. */
export function changesOf({ resource_changes: changes = [] }: PlanJson): Record<string, string> {
  return Object.fromEntries(
    changes
      .map(({ address, change }) => [address, describe(change)] as const)
      .filter(([, what]) => what !== "no-op"),
  );
}

function describe({ actions, before, after, replace_paths = [], importing }: Change): string {
  const replaced = replace_paths.map((path) => [path].flat().join("."));
  const changed = Object.keys(after ?? {}).filter(
    (name) => JSON.stringify(before?.[name]) !== JSON.stringify(after?.[name]),
  );
  const what = actions.join() === "update" ? changed : replaced;
  return [...(importing ? ["import"] : []), ...actions, ...what.sort()].join(" ");
}
