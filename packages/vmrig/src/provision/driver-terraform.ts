import { join } from "node:path";
import type { DeclareOptions } from "../driver/authority.ts";
import type { ContractTerraform } from "../driver/contract.ts";
import type { CopySpec, Driver, Fence } from "../driver/driver.ts";
import type { Holder } from "../lease/lease.ts";
import { destroy } from "./destroy.ts";
import { provision, type Provisioned } from "./provision.ts";
import { StateSession } from "./state/state-session.ts";
import { stateOf } from "./state.ts";
import { fileStore } from "./state/stores/file/file-store.ts";

export interface DriverTerraformOptions {
  readonly driver: Driver;
  readonly copy: CopySpec;
  /** Secret of the copy, for a driver that needs one. */
  readonly secret?: string;
  /** Fence of each call. @defaultValue always 1 */
  readonly fence?: () => Fence;
  /** Folder of the state, which other copies of the same name share. @defaultValue in the copy's folder */
  readonly stateFolder?: string;
  /** Receives each line of output. @defaultValue nothing is printed */
  readonly say?: (line: string) => void;
}

/** Terraform for the tests of a driver. */
export interface DriverTerraform extends ContractTerraform {
  /** Makes the machines exist, as each run does. `allow`: addresses that may be replaced. */
  provision(allow?: readonly string[], replace?: readonly string[]): Promise<Provisioned>;
}

const TESTS: Holder = { who: "tests", host: "tests", command: "contract", session: "tests" };

/**
 * Runs Terraform for the resources that a driver declares, exactly as runs and `vmrig destroy` do.
 * The state is a file, and there is no lease: only for tests of drivers, one
 * call at a time.
 */
export function driverTerraform(options: DriverTerraformOptions): DriverTerraform {
  const { driver, copy, secret, fence = () => 1, say = () => {} } = options;
  const { stateFolder = join(copy.folder, "states") } = options;
  const states = fileStore({ folder: stateFolder });
  const common = () => ({
    driver,
    copy,
    states,
    by: TESTS,
    say,
    guard: { fence: fence(), signal: new AbortController().signal, assertHeld: () => {} },
  });
  const run = async (
    allow: readonly string[] = [],
    replace: readonly string[] = [],
  ): Promise<Provisioned> =>
    await provision({
      ...common(),
      fingerprint: await driver.fingerprint(copy),
      allow: new Set(allow),
      replace: new Set(replace),
      ...(secret !== undefined && { secret }),
    });
  return {
    provision: run,
    async create({ owner }: DeclareOptions) {
      const claim = { store: states, copy, fence: fence(), by: TESTS };
      const session = await StateSession.open(claim);
      await session.ensureOwner(owner, (await stateOf(session))?.owner);
      await run();
    },
    async destroy() {
      await destroy({ ...common(), confirm: copy.rig });
    },
  };
}
