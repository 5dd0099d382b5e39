import { expect, test } from "vitest";
import { systemClock, type Clock } from "../clock/clock.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { ErrorCode } from "../errors/codes.ts";
import type { SshConnection } from "../ssh/ssh-connection.ts";
import { reconnect } from "./reconnect.ts";

/** Runs a hundred times as fast. */
const clock: Clock = {
  wall: () => systemClock.wall(),
  monotonic: () => systemClock.monotonic() * 100,
  sleep: (ms, signal) => systemClock.sleep(ms / 100, signal),
};
const connection = { closed: new AbortController().signal } as SshConnection;
const failure = (code: ErrorCode): VmrigError => new VmrigError(code, { message: `${code}.` });

interface Attempts {
  /** Failures of the logins, in order. After them, a login succeeds. */
  readonly logins: readonly VmrigError[];
  readonly admission?: VmrigError;
  /** Number of steps after which the connection is no longer wanted. */
  readonly leavesAfter?: number;
}

/** Returns the outcome and the steps that led to it. */
async function attempt({
  logins,
  admission,
  leavesAfter = Infinity,
}: Attempts): Promise<{ readonly outcome: unknown; readonly steps: string[] }> {
  const steps: string[] = [];
  const left = [...logins];
  const outcome = await reconnect({
    name: "pc1",
    clock,
    isCurrent: () => steps.length < leavesAfter,
    signal: new AbortController().signal,
    open() {
      steps.push("open");
      const error = left.shift();
      return error === undefined ? Promise.resolve(connection) : Promise.reject(error);
    },
    admit() {
      steps.push("admit");
      return admission === undefined ? Promise.resolve() : Promise.reject(admission);
    },
  }).catch((error: unknown) => error);
  return { outcome, steps };
}

test("a login that succeeds needs no new admission", async () => {
  expect(await attempt({ logins: [] })).toEqual({ outcome: connection, steps: ["open"] });
});

test.each(["LOGIN_REFUSED", "MACHINE_UNREACHABLE"] as const)(
  "after %s the lease's key is authorized again, and logins are retried while the machine boots",
  async (code) => {
    const logins = [failure(code), failure("MACHINE_UNREACHABLE"), failure("LOGIN_REFUSED")];
    expect(await attempt({ logins })).toEqual({
      outcome: connection,
      steps: ["open", "admit", "open", "admit", "open", "admit", "open"],
    });
  },
);

test("a machine that shut itself down is reported as off", async () => {
  const off = failure("MACHINE_OFF");
  expect(await attempt({ logins: [failure("MACHINE_UNREACHABLE")], admission: off })).toEqual({
    outcome: off,
    steps: ["open", "admit"],
  });
});

test("a driver that cannot admit again leaves the first error", async () => {
  const first = failure("LOGIN_REFUSED");
  const admission = failure("CAPABILITY_MISSING");
  expect((await attempt({ logins: [first], admission })).outcome).toBe(first);
});

test("a system that does not respond to the admission is tried again", async () => {
  const admission = failure("MACHINE_UNREACHABLE");
  const { outcome, steps } = await attempt({ logins: [failure("LOGIN_REFUSED")], admission });
  expect(steps.slice(0, 3)).toEqual(["open", "admit", "admit"]);
  expect(outcome).toMatchObject({
    code: "MACHINE_UNREACHABLE",
    message: expect.stringMatching(/Waited 12\d\.\d s for it to accept logins again on pc1/),
  });
});

test("ends when a rollback has made the connection useless", async () => {
  const logins = Array.from({ length: 9 }, () => failure("LOGIN_REFUSED"));
  expect(await attempt({ logins, leavesAfter: 5 })).toEqual({
    outcome: undefined,
    steps: ["open", "admit", "open", "admit", "open"],
  });
});

test("a gate that does not answer leaves the first error", async () => {
  const first = failure("LOGIN_REFUSED");
  const outcome = reconnect({
    name: "pc1",
    clock,
    signal: new AbortController().signal,
    isCurrent: () => true,
    open: () => Promise.reject(first),
    admit: () => new Promise(() => {}),
  });
  await expect(outcome).rejects.toBe(first);
});

test("another error is not retried", async () => {
  const first = failure("HOST_KEY_MISMATCH");
  expect(await attempt({ logins: [first] })).toEqual({ outcome: first, steps: ["open"] });
});

test("a machine that refuses an authorized key is reported with what is known", async () => {
  const refused = Array.from({ length: 10_000 }, () => failure("LOGIN_REFUSED"));
  expect((await attempt({ logins: refused })).outcome).toMatchObject({
    code: "LOGIN_REFUSED",
    details: ["pc1 has the key of this lease: vmrig authorized it again and tried for 120 s"],
    hint: expect.stringContaining("owner and mode of the home folder and of ~/.ssh") as string,
  });
});
