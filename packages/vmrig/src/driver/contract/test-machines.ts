import assert from "node:assert/strict";
import { inspect } from "node:util";
import { isVmrigError } from "../../errors/vmrig-error.ts";
import type { ErrorCode } from "../../errors/codes.ts";
import { dial } from "../../ssh/dial.ts";
import type { SshConnection } from "../../ssh/ssh-connection.ts";
import { generateKeyPair, type KeyPair } from "../../ssh/keys.ts";
import type { Admission, Authority, DeclareOptions } from "../authority.ts";
import type { Origin } from "../origin.ts";
import type { MachineStatus } from "../inventory.ts";
import type { Driver, Fence, MachineRef } from "../driver.ts";
import type { ContractHarness } from "./harness.ts";
import { StepStack } from "./step-stack.ts";

/** Name of the snapshot that cases restore. */
export const CONTRACT_SNAPSHOT = "contract";
const OWNER = "11111111-2222-4333-8444-555555555555";
/** Login user of every machine. */
const USER = "vmrig";
/** Timeout of a command on a machine that may be emulated, on a busy computer. */
const COMMAND_MS = 60_000;

/** Shared state of the cases of one suite: the machines and a simulated lease. */
export class TestMachines {
  readonly harness: ContractHarness;
  readonly driver: Driver;
  readonly #stack = new StepStack();
  readonly owner = OWNER;
  /** Fence of the current lease: the largest one that the machines have seen. */
  fence: Fence = 10;
  /** Key of the current lease: the only authorized one. */
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

  /** Name of the machine that most cases use. */
  get subject(): string {
    return this.names[0];
  }

  /** Returns what {@link Driver.declare} adds to an empty stack. */
  async declare(copy = this.harness.copy, options?: DeclareOptions): Promise<StepStack> {
    const stack = new StepStack();
    await this.driver.declare(stack, copy, options ?? (await this.#declareOptions()));
    return stack;
  }

  /** Creates the machines, as Terraform does. */
  async create(): Promise<void> {
    const { terraform } = this.harness;
    if (terraform !== undefined) return await terraform.create(await this.#declareOptions());
    if (this.#stack.resources.length === 0)
      await this.driver.declare(this.#stack, this.harness.copy, await this.#declareOptions());
    await this.#stack.create();
  }

  async destroy(): Promise<void> {
    const { terraform } = this.harness;
    await (terraform === undefined ? this.#stack.destroy() : terraform.destroy());
  }

  /** Returns what the create step of a machine received last. */
  origin(name: string): Origin | undefined {
    return this.#stack.origin(name);
  }

  async #declareOptions(): Promise<DeclareOptions> {
    const { copy, secret } = this.harness;
    const fingerprint = await this.driver.fingerprint(copy);
    return { fingerprint, owner: this.owner, ...(secret !== undefined && { secret }) };
  }

  ref(name: string): MachineRef {
    return { copy: this.harness.copy, name };
  }

  authority(fence: Fence = this.fence): Authority {
    const { secret } = this.harness;
    return { fence, signal: new AbortController().signal, ...(secret !== undefined && { secret }) };
  }

  admission(): Admission {
    return { ...this.authority(), authorize: this.key.publicKey };
  }

  /** Simulates a new lease. @returns the key of the previous lease */
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
   * Restores the known state of machines (of all, without names) under a new lease.
   *
   * @returns the key of the previous lease
   */
  async restore(...names: readonly string[]): Promise<KeyPair> {
    const last = this.nextLease();
    const all = names.length === 0 ? this.names : names;
    await Promise.all(
      all.map((name) => this.driver.restore(this.ref(name), CONTRACT_SNAPSHOT, this.admission())),
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

/** Runs a command line that must succeed. @returns its output */
export async function run(connection: SshConnection, line: string): Promise<string> {
  const { exitCode, ended, stdout, stderr } = await connection.exec(line, {
    timeoutMs: COMMAND_MS,
  });
  assert.equal(exitCode, 0, `\`${line}\` ${ended} with ${exitCode}: ${stderr.toString("utf8")}`);
  return stdout.toString("utf8").trim();
}

/** Runs a command line on a machine over a new connection. @returns its output */
export async function ask(testMachines: TestMachines, name: string, line: string): Promise<string> {
  await using connection = await testMachines.login(name);
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
