import { expect, test } from "vitest";
import type { Admission } from "../driver/authority.ts";
import type { CopySpec, Driver, MachineRef } from "../driver/driver.ts";
import { VmrigError, type ErrorFacts } from "../errors/vmrig-error.ts";
import type { ErrorCode } from "../errors/codes.ts";
import { generateKeyPair } from "../ssh/keys.ts";
import type { BaselineSource } from "./establish.ts";
import { createRecovery, type Recovery } from "./recovery.ts";

const copy: CopySpec = {
  rig: "pcs",
  copy: "pcs-1",
  folder: "/f",
  runtimeFolder: "/r",
  cacheFolder: "/c",
  machines: ["pc1", "pc2"].map((name) => ({
    name,
    cpus: 1,
    memoryMb: 512,
    diskGb: 4,
    lanAddress: "10.77.0.11",
  })),
};

const SOURCE: BaselineSource = { fingerprint: { image: "i", platform: "p" }, recipes: {} };

const failure = (code: ErrorCode, facts: Partial<ErrorFacts> = {}): VmrigError =>
  new VmrigError(code, { message: `no ${code}.`, ...facts });

interface RecoveryTest {
  readonly recovery: Recovery;
  /** Calls of the driver, without those for the machine that is always healthy. */
  readonly asked: string[];
  readonly said: string[];
  /** Errors that the next restores of pc1 throw. */
  readonly failures: VmrigError[];
  /** How often the driver was asked for the machines. */
  readonly inspections: () => number;
}

/**
 * Creates a driver that only records its calls: these tests check the order of steps, on machines
 * that have their baseline.
 */
function setUpRecovery({
  stop = true,
  held = true,
  fixed = false,
}: {
  readonly stop?: boolean;
  readonly held?: boolean;
  readonly fixed?: boolean;
} = {}): RecoveryTest {
  let inspections = 0;
  const asked: string[] = [];
  const said: string[] = [];
  const failures: VmrigError[] = [];
  const driver = {
    name: "paper",
    guest: "shell",
    ...(fixed && { fixedAddresses: true }),
    async inspect() {
      inspections += 1;
      const status = {
        power: "running",
        address: { host: "127.0.0.1", port: 22 },
        hostKey: "ssh-ed25519 AAAA",
        snapshots: ["pristine", "baseline-b"],
      };
      return { machines: copy.machines.map(({ name }) => ({ name, ...status })) };
    },
    async restore({ name }: MachineRef, snapshot: string, { authorize }: Admission) {
      if (name !== "pc1") return;
      asked.push(`restore ${snapshot}`);
      expect(authorize).toMatch(/^ssh-ed25519 /);
      const error = failures.shift();
      if (error !== undefined) throw error;
    },
    ...(stop && { stop: async ({ name }: MachineRef) => void asked.push(`stop ${name}`) }),
  } as unknown as Driver;
  const lease = {
    fence: 1,
    signal: new AbortController().signal,
    assertHeld() {
      if (!held) throw failure("LEASE_LOST");
    },
  };
  const context = {
    driver,
    copy,
    lease,
    key: generateKeyPair(),
    say: (line: string) => void said.push(line),
  };
  return {
    recovery: createRecovery({ context, baseline: "b", source: SOURCE }),
    asked,
    said,
    failures,
    inspections: () => inspections,
  };
}

test("machines that can be restored are rolled back, without further steps", async () => {
  const { recovery, asked, said } = setUpRecovery();
  expect((await recovery.rollBack()).map(({ name }) => name)).toEqual(["pc1", "pc2"]);
  expect(asked).toEqual(["restore baseline-b"]);
  expect(said).toEqual([]);
});

test("addresses are asked for after each rollback, and once where they stay the same", async () => {
  const changing = setUpRecovery();
  const fixed = setUpRecovery({ fixed: true });
  for (const { recovery } of [changing, fixed]) {
    await recovery.rollBack();
    await recovery.rollBackAhead();
    await recovery.rollBack();
  }
  expect([changing.inspections(), fixed.inspections()]).toEqual([3, 1]);
  await fixed.recovery.escalate([{ machine: "pc1", error: failure("MACHINE_UNREACHABLE") }]);
  expect(fixed.inspections(), "a machine that did not answer may have another one").toBe(2);
});

test("a machine that cannot be restored is restarted from its snapshot, which is printed once with the reason", async () => {
  const { recovery, asked, said, failures } = setUpRecovery();
  failures.push(failure("MACHINE_UNREACHABLE"));
  await recovery.rollBack();
  expect(asked).toEqual(["restore baseline-b", "stop pc1", "restore baseline-b"]);
  expect(said).toEqual([
    "recover  pcs-1 pc1: restarting it from its snapshot, because no MACHINE_UNREACHABLE.",
  ]);
});

test("after a successful rollback the next one begins at the first step again", async () => {
  const { recovery, asked, failures } = setUpRecovery();
  failures.push(failure("ROLLBACK_FAILED"));
  await recovery.rollBack();
  await recovery.rollBack();
  expect(asked.slice(3)).toEqual(["restore baseline-b"]);
});

test("a machine that could not be proven takes the second step immediately, and then the third", async () => {
  const { recovery, asked, said, failures } = setUpRecovery();
  await recovery.rollBack();
  await recovery.escalate([{ machine: "pc1", error: failure("ROLLBACK_FAILED") }]);
  expect(asked.slice(1)).toEqual(["stop pc1", "restore baseline-b"]);
  // Rebuilding the baseline begins at pristine. Here that restore fails, and no step is left.
  failures.push(failure("QEMU_FAILED"));
  const broken = await recovery
    .escalate([{ machine: "pc1", error: failure("CONNECTION_LOST") }])
    .catch((error: unknown) => error);
  expect(asked.slice(3)).toEqual(["restore pristine"]);
  expect(said.map((line) => line.split(":")[1])).toEqual([
    " restarting it from its snapshot, because no ROLLBACK_FAILED.",
    " rebuilding its baseline, because pc1",
  ]);
  expect(broken).toMatchObject({
    code: "MACHINE_BROKEN",
    summary: "pc1 of pcs-1 cannot be brought back to its baseline.",
    details: [
      "original error: no ROLLBACK_FAILED.",
      "tried: restarting it from its snapshot, rebuilding its baseline",
      "last error: no QEMU_FAILED.",
    ],
    // Its console cannot be read.
    hint: "replace it with `vmrig up --copy pcs-1 --replace pc1`",
    cause: { code: "ROLLBACK_FAILED" },
  });
});

test("a driver that cannot stop a machine rebuilds the baseline next", async () => {
  const { recovery, asked, failures } = setUpRecovery({ stop: false });
  failures.push(failure("ROLLBACK_FAILED"), failure("QEMU_FAILED"));
  await expect(recovery.rollBack()).rejects.toMatchObject({ code: "MACHINE_BROKEN" });
  expect(asked).toEqual(["restore baseline-b", "restore pristine"]);
});

test.each<ErrorCode>([
  "FENCED",
  "LEASE_LOST",
  "CANCELLED",
  "STATE_UNWRITABLE",
  "PREPARE_FAILED",
  "INTERNAL",
  // A cloud that cannot be asked, or a token that was deleted, says nothing about a machine.
  "CLOUD_UNREACHABLE",
  "CLOUD_REFUSED",
])("no recovery step runs after %s", async (code) => {
  const { recovery, asked, failures } = setUpRecovery();
  failures.push(failure(code));
  await expect(recovery.rollBack()).rejects.toMatchObject({ code });
  expect(asked).toEqual(["restore baseline-b"]);
});

test("no recovery step runs without the lease", async () => {
  const { recovery, asked } = setUpRecovery({ held: false });
  await expect(
    recovery.escalate([{ machine: "pc1", error: failure("ROLLBACK_FAILED") }]),
  ).rejects.toMatchObject({ code: "LEASE_LOST" });
  expect(asked).toEqual([]);
});

test("after a rollback ahead, a machine that could not be proven begins at the first step, regardless of its earlier steps", async () => {
  const { recovery, asked } = setUpRecovery();
  await recovery.escalate([{ machine: "pc1", error: failure("ROLLBACK_FAILED") }]);
  await recovery.rollBackAhead();
  await recovery.escalate([{ machine: "pc1", error: failure("ROLLBACK_FAILED") }]);
  expect(asked.slice(-2)).toEqual(["stop pc1", "restore baseline-b"]);
});
