import { dial, type Connection, type DialOptions } from "../ssh/connection.ts";
import { startSshd, type TestSshd } from "../ssh/fixtures/sshd.test.kit.ts";
import { createMachine, type Machine, type MachineOptions } from "./machine.ts";

/** A machine, `pc1` where no name is given, whose SSH server is a real one on this computer. */
export interface TestMachine extends AsyncDisposable {
  readonly server: TestSshd;
  readonly pc1: Machine;
  /** How many times it was dialled. */
  dials(): number;
}

export async function startMachine(
  options: Partial<MachineOptions> & { readonly port?: (server: TestSshd) => Promise<number> } = {},
): Promise<TestMachine> {
  const server = await startSshd();
  const made: Connection[] = [];
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
    async [Symbol.asyncDispose]() {
      await Promise.all(made.map((connection) => connection.close()));
      await server[Symbol.asyncDispose]();
    },
  };
}
