import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { dial, type DialOptions } from "../ssh/dial.ts";
import type { SshConnection } from "../ssh/ssh-connection.ts";
import { startSshd, type TestSshd, type TestSshdOptions } from "../ssh/fixtures/sshd.test.kit.ts";
import { waitFor } from "../wait/wait-for.ts";
import type { Machine } from "./machine.ts";
import { createMachine } from "./create-machine.ts";
import type { MachineOptions } from "./machine-options.ts";

/** A machine (default name `pc1`) that is reached through a real SSH server on this computer. */
export interface TestMachine extends AsyncDisposable {
  readonly server: TestSshd;
  readonly pc1: Machine;
  /** Returns the number of connections opened so far. */
  dials(): number;
  /** Breaks every open connection. */
  hangUp(): void;
  /** Resolves when no process with that id is left. */
  gone(pid: string): Promise<unknown>;
  /**
   * Resolves with the content of a file in the server's folder as soon as a command has written the
   * file.
   */
  written(file: string): Promise<string>;
}

export interface TestMachineOptions extends Partial<MachineOptions> {
  /** Returns the port to connect to. @defaultValue the server's port */
  readonly port?: (server: TestSshd) => Promise<number>;
  readonly sshd?: TestSshdOptions;
}

/**
 * Provides one machine for all tests of a file or a `describe`. `take` receives the machine before
 * the first test. The machine is disposed of after the last test.
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
