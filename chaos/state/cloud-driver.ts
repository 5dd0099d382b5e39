import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseOrigin, VmrigError, type Driver, type MachineStatus } from "vmrig/driver";
import { recordStep } from "./cloud-events.ts";
import type { WantedMachine } from "./plan.ts";

const CALL = join(import.meta.dirname, "cloud-call.sh");
/** Exit code of a call with a fence that is too small. */
const FENCED = 3;

export interface CloudDriverOptions {
  readonly cloud: string;
  readonly eventLog: string;
  /** Who calls, for the event log. */
  readonly by: {
    readonly session: string;
    readonly fence: number;
    readonly home: string;
    readonly copy: string;
  };
  readonly machines: readonly WantedMachine[];
  readonly stepMs: number;
}

/**
 * Driver whose machines are folders that all computers reach. Terraform creates and destroys them
 * with calls to `cloud-call.sh`.
 */
export function cloudDriver({ cloud, eventLog, by, machines, stepMs }: CloudDriverOptions): Driver {
  const call = (what: string, name: string, ...more: string[]): [string, ...string[]] => {
    const who = [by.session, String(by.fence), by.home, by.copy];
    return ["bash", CALL, what, cloud, eventLog, ...who, name, String(stepMs), ...more];
  };
  return {
    name: "cloud",
    locality: "shared",
    rollback: "disk",
    fingerprint: async () => ({ image: "sha256:0000", platform: "cloud" }),
    declare(stack, _copy, { owner }) {
      for (const { name, memoryMb, label } of machines)
        stack.local({
          name,
          input: { name, memoryMb, label },
          replaceOn: { memoryMb },
          create: { command: call("create", name, owner, String(memoryMb)) },
          destroy: { command: call("destroy", name) },
        });
    },
    async inspect({ copy, machines: specs }) {
      recordStep(eventLog, "inspected", by);
      const found = await existingIn(cloud, copy);
      const absent = specs
        .filter(({ name }) => !found.some((machine) => machine.name === name))
        .map(({ name }): MachineStatus => ({ name, power: "absent", snapshots: [] }));
      return { machines: [...found, ...absent] };
    },
    async remove({ name }, authority) {
      authority.signal.throwIfAborted();
      const [program, ...args] = call("remove", name);
      await promisify(execFile)(program, args).catch((error: unknown) => {
        if (error instanceof Error && "code" in error && error.code === FENCED)
          throw new VmrigError("FENCED", { message: `A later run uses ${name}.` });
        throw error;
      });
    },
    boot: unused,
    capture: unused,
    restore: unused,
  };
}

/** Returns the machines of a copy that exist, complete or not. */
export async function existingIn(cloud: string, copy: string): Promise<MachineStatus[]> {
  const folder = join(cloud, copy, "machines");
  const names: string[] = await readdir(folder).catch(() => []);
  const machines = names.toSorted().map(async (name): Promise<MachineStatus> => {
    const text = await readFile(join(folder, name, "record"), "utf8").catch(() => undefined);
    const location = join(folder, name);
    if (text === undefined)
      return { name, power: "off", snapshots: [], incomplete: true, location };
    const [owner = "", , , origin] = text.split("\n");
    const parsed = parseOrigin(origin);
    return {
      name,
      power: "running",
      snapshots: [],
      owner,
      location,
      ...(parsed !== undefined && { origin: parsed }),
    };
  });
  return await Promise.all(machines);
}

async function unused(): Promise<never> {
  throw new Error("the state suite does not use machines");
}
