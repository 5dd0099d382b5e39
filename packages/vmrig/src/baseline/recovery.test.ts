import { expect, test } from "vitest";
import type { Admission, CopySpec, Driver, MachineRef } from "../driver/driver.ts";
import { VmrigError, type ErrorFacts } from "../errors/vmrig-error.ts";
import type { ErrorCode } from "../errors/codes.ts";
import { generateKeyPair } from "../ssh/keys.ts";
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

const failure = (code: ErrorCode, facts: Partial<ErrorFacts> = {}): VmrigError =>
  new VmrigError(code, { message: `no ${code}.`, ...facts });

interface Stage {
  readonly ladder: Recovery;
  /** What the driver was asked, without the machine that is never sick. */
  readonly asked: string[];
  readonly said: string[];
  /** What the next restores of pc1 throw. */
  readonly failures: VmrigError[];
}

/** A driver on paper: what is tested is the order of steps, on machines whose baseline is there. */
function stage({
  stop = true,
  held = true,
}: { readonly stop?: boolean; readonly held?: boolean } = {}): Stage {
  const asked: string[] = [];
  const said: string[] = [];
  const failures: VmrigError[] = [];
  const driver = {
    name: "paper",
    guest: "shell",
    async inspect() {
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
  return { ladder: createRecovery({ context, baseline: "b", recipes: {} }), asked, said, failures };
}

test("machines that come back are rolled back and nothing else", async () => {
  const { ladder: recovery, asked, said } = stage();
  expect((await recovery.rollBack()).map(({ name }) => name)).toEqual(["pc1", "pc2"]);
  expect(asked).toEqual(["restore baseline-b"]);
  expect(said).toEqual([]);
});

test("a machine that does not come back starts anew from its snapshot, which is said once with the reason", async () => {
  const { ladder: recovery, asked, said, failures } = stage();
  failures.push(failure("MACHINE_UNREACHABLE"));
  await recovery.rollBack();
  expect(asked).toEqual(["restore baseline-b", "stop pc1", "restore baseline-b"]);
  expect(said).toEqual([
    "heal     pcs-1 pc1: starts anew from its snapshot, because no MACHINE_UNREACHABLE.",
  ]);
});

test("after a rollback that helped the next one begins at the first step again", async () => {
  const { ladder: recovery, asked, failures } = stage();
  failures.push(failure("ROLLBACK_FAILED"));
  await recovery.rollBack();
  await recovery.rollBack();
  expect(asked.slice(3)).toEqual(["restore baseline-b"]);
});

test("a machine that could not be proven takes the second step at once, and the third when that did not do", async () => {
  const { ladder: recovery, asked, said, failures } = stage();
  await recovery.rollBack();
  await recovery.escalate([{ machine: "pc1", error: failure("ROLLBACK_FAILED") }]);
  expect(asked.slice(1)).toEqual(["stop pc1", "restore baseline-b"]);
  // Making the baseline anew begins at pristine; here that fails, and ends the ladder.
  failures.push(failure("QEMU_FAILED"));
  const broken = await recovery
    .escalate([{ machine: "pc1", error: failure("CONNECTION_LOST") }])
    .catch((error: unknown) => error);
  expect(asked.slice(3)).toEqual(["restore pristine"]);
  expect(said.map((line) => line.split(":")[1])).toEqual([
    " starts anew from its snapshot, because no ROLLBACK_FAILED.",
    " makes its baseline anew, because pc1",
  ]);
  expect(broken).toMatchObject({
    code: "MACHINE_BROKEN",
    summary: "pc1 of pcs-1 cannot be brought back to its baseline.",
    details: ["first: no ROLLBACK_FAILED.", expect.any(String), "last: no QEMU_FAILED."],
    cause: { code: "ROLLBACK_FAILED" },
  });
});

test("where a driver cannot stop a machine, its baseline is made anew next", async () => {
  const { ladder: recovery, asked, failures } = stage({ stop: false });
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
])("%s is nothing that a step of it could mend", async (code) => {
  const { ladder: recovery, asked, failures } = stage();
  failures.push(failure(code));
  await expect(recovery.rollBack()).rejects.toMatchObject({ code });
  expect(asked).toEqual(["restore baseline-b"]);
});

test("without the lease nothing is mended", async () => {
  const { ladder: recovery, asked } = stage({ held: false });
  await expect(
    recovery.escalate([{ machine: "pc1", error: failure("ROLLBACK_FAILED") }]),
  ).rejects.toMatchObject({ code: "LEASE_LOST" });
  expect(asked).toEqual([]);
});

test("after a rollback ahead a machine that could not be proven begins at the first step, whatever it took before", async () => {
  const { ladder: recovery, asked } = stage();
  await recovery.escalate([{ machine: "pc1", error: failure("ROLLBACK_FAILED") }]);
  await recovery.rollBackAhead();
  await recovery.escalate([{ machine: "pc1", error: failure("ROLLBACK_FAILED") }]);
  expect(asked.slice(-2)).toEqual(["stop pc1", "restore baseline-b"]);
});
