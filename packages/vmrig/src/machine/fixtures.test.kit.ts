import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { dial, type SshConnection, type DialOptions } from "../ssh/connection.ts";
import { startSshd, type TestSshd, type TestSshdOptions } from "../ssh/fixtures/sshd.test.kit.ts";
import { waitFor } from "../wait/wait-for.ts";
import { createMachine, type Machine, type MachineOptions } from "./machine.ts";

/** A machine, `pc1` where no name is given, whose SSH server is a real one on this computer. */
export interface TestMachine extends AsyncDisposable {
  readonly server: TestSshd;
  readonly pc1: Machine;
  /** How many times it was dialled. */
  dials(): number;
  /** Breaks every connection. */
  hangUp(): void;
  /** Resolves when no process of that id is left. */
  gone(pid: string): Promise<unknown>;
  /** What a command wrote into a file of the server's folder, once it is there. */
  written(file: string): Promise<string>;
}

export interface TestMachineOptions extends Partial<MachineOptions> {
  /** Where it is dialled. @defaultValue the server's */
  readonly port?: (server: TestSshd) => Promise<number>;
  readonly sshd?: TestSshdOptions;
}

/**
 * One for all tests of a file, or of a `describe`: `take` gets it before the first of them, and it
 * ends behind the last one.
 */
export function useMachine(
  take: (machine: TestMachine) => unknown,
  options?: TestMachineOptions,
): void {
  let machine: TestMachine | undefined;
  beforeAll(async () => {
    machine = await startMachine(options);
    await take(machine);
  });
  afterAll(() => machine?.[Symbol.asyncDispose]());
}

export async function startMachine(options: TestMachineOptions = {}): Promise<TestMachine> {
  const server = await startSshd(options.sshd);
  const made: SshConnection[] = [];
  const port = (await options.port?.(server)) ?? server.target.port;
  const how: DialOptions = { name: options.name ?? "pc1" };
  const pc1 = createMachine({
    name: "pc1",
    address: "10.77.0.11",
    user: server.target.user,
    connect: async () => {
      const connection = await dial({ ...server.target, port }, how);
      made.push(connection);
      return connection;
    },
    ...options,
  });
  return {
    server,
    pc1,
    dials: () => made.length,
    hangUp: () => made.forEach((connection) => connection.hangUp()),
    gone: (pid) => pc1.root.waitUntilSucceeds({ timeout: "15s", interval: 50 })`! kill -0 ${pid}`,
    written: (file) =>
      waitFor({
        what: file,
        timeoutMs: 15_000,
        intervalMs: 20,
        probe: async () => {
          const content = await readFile(join(server.folder, file), "utf8").catch(() => "");
          return content.endsWith("\n") ? { value: content.trim() } : { seen: "not there" };
        },
      }),
    async [Symbol.asyncDispose]() {
      await Promise.all(made.map((connection) => connection.close()));
      await server[Symbol.asyncDispose]();
    },
  };
}
