import { seededRandom } from "../seeded-random.ts";

/** All machines that a copy may have. */
export const MACHINES = ["pc1", "pc2", "pc3", "pc4"] as const;
/** The computers of the team: each has a home, and all share the store and the cloud. */
export const HOMES = ["alice", "bob"] as const;

export interface WantedMachine {
  readonly name: string;
  /** A change replaces the machine. */
  readonly memoryMb: number;
  /** A change updates the machine in place. */
  readonly label: string;
}

/** One use of a lease: what to provision. */
export interface Provisioning {
  /**
   * `set`: exactly these machines, with the permission to replace and delete all others. `add`: what
   * the state has and one more machine, without any permission, as in a test run.
   */
  readonly what: "set" | "add";
  readonly machines: readonly WantedMachine[];
  /** Duration of each call to the cloud. */
  readonly stepMs: number;
  readonly pauseMs: number;
}

/** Plan of one run. */
export interface ProvisionerPlan {
  readonly session: string;
  readonly home: (typeof HOMES)[number];
  /** The only acceptable copy. @defaultValue all */
  readonly copy?: string;
  readonly visits: readonly Provisioning[];
}

/** Returns the `index`-th run of a seed. */
export function planProvisioner(seed: number, index: number): ProvisionerPlan {
  const { between, chance } = seededRandom(seed, `provisioner ${index}`);
  const machine = (name: string): WantedMachine => ({
    name,
    memoryMb: chance(0.5) ? 512 : 1024,
    label: `label-${between(1, 3)}`,
  });
  const visit = (): Provisioning => {
    const wanted = MACHINES.filter(() => chance(0.5)).map(machine);
    return {
      what: chance(0.6) ? "set" : "add",
      machines: wanted.length > 0 ? wanted : [machine("pc1")],
      stepMs: between(20, 250),
      pauseMs: between(0, 60),
    };
  };
  return {
    session: `run-${index}`,
    home: chance(0.5) ? "alice" : "bob",
    visits: Array.from({ length: between(3, 8) }, visit),
  };
}
