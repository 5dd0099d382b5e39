import assert from "node:assert/strict";
import { inspect } from "node:util";
import { isVmrigError } from "../../errors/vmrig-error.ts";
import type { ErrorCode } from "../../errors/codes.ts";
import { dial, type SshConnection } from "../../ssh/connection.ts";
import { generateKeyPair, type KeyPair } from "../../ssh/keys.ts";
import type { Admission, Authority, Driver, Fence, MachineRef, MachineStatus } from "../driver.ts";
import type { ContractHarness } from "./harness.ts";
import { StepStack } from "./step-stack.ts";

/** The snapshot that cases go back to. */
export const HOME_BASE = "contract";
const OWNER = "11111111-2222-4333-8444-555555555555";
/** The user that every machine has. */
const USER = "vmrig";
/** For a command on a machine that may be emulated, on a busy computer. */
const COMMAND_MS = 60_000;

/** What the cases of one suite share: the machines, and the lease that is pretended. */
export class TestMachines {
  readonly harness: ContractHarness;
  readonly driver: Driver;
  readonly stack = new StepStack();
  readonly owner = OWNER;
  /** That of the current lease: the largest that the machines have seen. */
  fence: Fence = 10;
  /** That of the current lease: the only one that is let in. */
  key: KeyPair = generateKeyPair();

  constructor(harness: ContractHarness) {
    this.harness = harness;
    this.driver = harness.driver;
  }

  get names(): readonly [string, ...string[]] {
    const [first, ...rest] = this.harness.copy.machines.map(({ name }) => name);
    assert(first !== undefined, "the harness' copy has no machine");
    return [first, ...rest];
  }

  /** The machine that most cases are about. */
  get subject(): string {
    return this.names[0];
  }

  ref(name: string): MachineRef {
    return { copy: this.harness.copy, name };
  }

  authority(fence: Fence = this.fence): Authority {
    return { fence, signal: new AbortController().signal };
  }

  admission(): Admission {
    return { ...this.authority(), authorize: this.key.publicKey };
  }

  /** As when the lease changes hands. @returns the key of the last one */
  nextLease(): KeyPair {
    const last = this.key;
    this.fence += 1;
    this.key = generateKeyPair();
    return last;
  }

  async status(name: string): Promise<MachineStatus> {
    const { machines } = await this.driver.inspect(this.harness.copy);
    const found = machines.filter((machine) => machine.name === name);
    assert.equal(found.length, 1, `inspect lists ${name} ${found.length} times`);
    return found[0] as MachineStatus;
  }

  /**
   * Back to where all machines are known: a new lease, and a restore.
   *
   * @returns the key of the last lease
   */
  async rewind(...names: readonly string[]): Promise<KeyPair> {
    const last = this.nextLease();
    const all = names.length === 0 ? this.names : names;
    await Promise.all(
      all.map((name) => this.driver.restore(this.ref(name), HOME_BASE, this.admission())),
    );
    return last;
  }

  async login(
    name: string,
    changes: { readonly key?: KeyPair; readonly hostKey?: string } = {},
  ): Promise<SshConnection> {
    const { key = this.key } = changes;
    const { address, hostKey, power } = await this.status(name);
    assert(address !== undefined, `${name} has no address (it is ${power})`);
    assert(hostKey !== undefined, `${name} has no host key`);
    return await dial(
      { ...address, user: USER, hostKey: changes.hostKey ?? hostKey, privateKey: key.privateKey },
      { name },
    );
  }
}

/** Runs a line that must succeed. @returns what it printed */
export async function run(connection: SshConnection, line: string): Promise<string> {
  const { exitCode, ended, stdout, stderr } = await connection.exec(line, {
    timeoutMs: COMMAND_MS,
  });
  assert.equal(exitCode, 0, `\`${line}\` ${ended} with ${exitCode}: ${stderr.toString("utf8")}`);
  return stdout.toString("utf8").trim();
}

/** What a line prints on a machine, over a connection of its own. */
export async function ask(stage: TestMachines, name: string, line: string): Promise<string> {
  await using connection = await stage.login(name);
  return await run(connection, line);
}

export async function rejectsWith(
  code: ErrorCode,
  what: string,
  promise: Promise<unknown>,
): Promise<Error> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert(error !== undefined, `${what} was not refused: ${code} was expected`);
  assert(isVmrigError(error), `${what} failed with ${inspect(error)}: ${code} was expected`);
  assert.equal(error.code, code, `${what} failed with ${error.message}`);
  return error;
}
