import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { rigSchema, type ResolvedRig } from "../../../config/schema.ts";
import { fakeDriver } from "../../../driver/fake/driver.ts";
import { openStates } from "../../../gate/store/open-states.ts";
import type { StateOptions } from "../../../provision/state/state-options.ts";
import { StateSession } from "../../../provision/state/state-session.ts";
import type { StateStore } from "../../../provision/state/state-store.ts";
import { configOf, type Cli, type CliOptions, type TestCli } from "../../test-cli.test.kit.ts";

export const LINEAGE = "11111111-2222-3333-4444-555555555555";

export interface StateText {
  readonly serial: number;
  readonly lineage?: string;
  /** Instances of `terraform_data` by their names. @defaultValue {} */
  readonly resources?: Readonly<Record<string, object>>;
}

/** Returns a state as Terraform writes it. */
export function stateText({ serial, lineage = LINEAGE, resources = {} }: StateText): string {
  return `${JSON.stringify(
    {
      version: 4,
      terraform_version: "1.11.4",
      serial,
      lineage,
      outputs: {},
      resources: Object.entries(resources).map(([name, instance]) => ({
        mode: "managed",
        type: "terraform_data",
        name,
        provider: 'provider["terraform.io/builtin/terraform"]',
        instances: [{ schema_version: 0, attributes: { id: name }, ...instance }],
      })),
      check_results: null,
    },
    undefined,
    2,
  )}\n`;
}

export interface TestRig {
  readonly rig: ResolvedRig;
  /** Starts `vmrig state` with these words. */
  state(words: readonly string[], options?: CliOptions): Cli;
  /** Stores versions of the state of the first copy, as alice's run. */
  store(...texts: readonly string[]): Promise<void>;
  /** Opens the store of the states. */
  open(): Promise<StateStore>;
}

export interface TestRigOptions {
  /** @defaultValue a driver whose machines are on this computer */
  readonly shared?: true;
  readonly copies?: number;
  readonly state?: StateOptions;
  /** Variables of the command, and of the store. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Creates the config of another rig in the project. */
export async function rigNamed(
  cli: TestCli,
  name: string,
  { shared, copies = 1, state, env = {} }: TestRigOptions = {},
): Promise<TestRig> {
  const file = `${name}.config.mjs`;
  const more = `copies: ${copies}, ${state === undefined ? "" : `state: ${JSON.stringify(state)}`}`;
  const text = configOf(["pc1"], more).replace('name: "pcs"', `name: "${name}"`);
  const driver = '{ ...fakeDriver(), locality: "shared" }';
  await writeFile(
    join(cli.project, file),
    shared ? text.replace("driver: fakeDriver()", `driver: ${driver}`) : text,
  );
  const rig = rigSchema.parse({
    name,
    driver: { ...fakeDriver(), ...(shared && { locality: "shared" }) },
    machines: { pc1: {} },
    copies,
    state,
  });
  const open = () => openStates(rig, cli.folders, { ...process.env, ...env });
  return {
    rig,
    open,
    state: (words, options = {}) =>
      cli.start(["state", ...words, "--config", file], {
        ...options,
        env: { ...env, ...options.env },
      }),
    async store(...texts) {
      await using states = await open();
      const session = await StateSession.open({
        store: states,
        copy: { rig: name, copy: `${name}-1` },
        // Fences of leases follow the clock in the same way.
        fence: Date.now() * 1000,
        by: { who: "alice", host: "laptop", command: "vitest run", session: "session-of-alice" },
      });
      for (const one of texts) await session.replace(one, { summary: `version of alice` });
    },
  };
}
