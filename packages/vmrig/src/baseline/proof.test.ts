import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { systemClock } from "../clock/clock.ts";
import { PROOF_FOLDER, STEP_CLOCK } from "./guest-setup.ts";
import { bootId, leaveNonce, prove, type ProofOptions } from "./proof.ts";
import { connectShell, SHELLS } from "./shell.test.kit.ts";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";

const BASELINE = "0123456789abcdef";
const NONCE = "11111111-2222";
const CAPTURE = { machine: "pc1", guest: "linux", timers: "hold" } as const;
const KERNEL_UUID = "/proc/sys/kernel/random/uuid";

interface FakeMachine {
  readonly folder: string;
  readonly connection: ReturnType<typeof connectShell>;
  /** Proves the machine over a new connection. */
  prove(options?: Partial<ProofOptions>): Promise<void>;
  nonce(): Promise<string>;
  /** Returns the arguments of the calls that set the clock. */
  steps(): Promise<string>;
}

/** Creates a folder that stands for a machine at its baseline. */
async function createMachine(shell = "/bin/sh"): Promise<FakeMachine> {
  const folder = await tempFolder();
  const proof = join(folder, "proof");
  await mkdir(proof);
  await writeFile(join(proof, "baseline"), `${BASELINE}\n`);
  await writeFile(
    join(folder, "step-clock"),
    `#!/bin/sh\necho "$*" >> ${folder}/steps\necho it is late\n`,
  );
  await chmod(join(folder, "step-clock"), 0o755);
  const rewrite = (command: string): string =>
    command
      .replaceAll(PROOF_FOLDER, proof)
      .replaceAll(STEP_CLOCK, join(folder, "step-clock"))
      .replaceAll(
        KERNEL_UUID,
        existsSync(join(folder, "uuid")) ? join(folder, "uuid") : KERNEL_UUID,
      );
  const connection = connectShell(shell, folder, rewrite);
  return {
    folder,
    connection,
    prove: (options) =>
      prove(connection, {
        machine: "pc1",
        baseline: BASELINE,
        guest: "linux",
        nonce: NONCE,
        ...options,
      }),
    nonce: () => readFile(join(proof, "nonce"), "utf8"),
    steps: () => readFile(join(folder, "steps"), "utf8").catch(() => ""),
  };
}

/** Makes each bash of the test run these lines first. */
async function startUpFile({ folder }: FakeMachine, lines: string): Promise<void> {
  await writeFile(join(folder, "rc"), lines);
  vi.stubEnv("BASH_ENV", join(folder, "rc"));
  // With a socket for stdin and SHLVL below 1 or unset (as below cron, systemd or docker exec),
  // bash believes that sshd started it, and reads ~/.bashrc in place of BASH_ENV.
  vi.stubEnv("SHLVL", "1");
  onTestFinished(() => void vi.unstubAllEnvs());
}

test.each(SHELLS)(
  "a machine at its baseline is proven, gets the right time and stores the nonce, in %s",
  async (shell) => {
    const machine = await createMachine(shell);
    await machine.prove({ clock: { ...systemClock, wall: () => 1_700_000_000_123 } });
    expect(await machine.nonce()).toBe(`${NONCE}\n`);
    expect(await machine.steps()).toBe("-s @1700000000.123\n");
  },
);

test("a machine gets the real time while a test fakes its own", async () => {
  vi.useFakeTimers({ now: new Date("2020-01-01T00:00:00Z") });
  onTestFinished(() => void vi.useRealTimers());
  const machine = await createMachine();
  await machine.prove();
  const [, seconds] = /^-s @(\S+)\n$/.exec(await machine.steps()) ?? [];
  expect(vi.getRealSystemTime() / 1000 - Number(seconds)).toBeLessThan(60);
});

test("a second connection proves the machine again with the same nonce, and leaves the clock alone", async () => {
  const machine = await createMachine();
  await machine.prove();
  await machine.prove();
  expect((await machine.steps()).split("\n")).toHaveLength(2);
});

test("the proof of one rollback does not prove the next", async () => {
  const machine = await createMachine();
  await machine.prove();
  await expect(machine.prove({ nonce: "another" })).rejects.toMatchObject({
    code: "ROLLBACK_FAILED",
    details: [
      `output: vmrig-proof failed: baseline '${BASELINE}', nonce '${NONCE}'`,
      "exit code 97",
    ],
  });
});

test("output of a shell's start-up files, before and after the proof, is no failure", async () => {
  const machine = await createMachine("/bin/bash");
  await startUpFile(machine, "echo Welcome!\necho 'to pc1' >&2\ntrap 'echo bye' EXIT\n");
  await machine.prove();
  expect(await machine.nonce()).toBe(`${NONCE}\n`);
});

test("a checkpoint's nonce and the boot id survive start-up files that print, and fail if one exits", async () => {
  const machine = await createMachine("/bin/bash");
  await startUpFile(machine, "echo Welcome!\ntrap 'echo bye' EXIT\n");
  await leaveNonce(machine.connection, { ...CAPTURE, nonce: NONCE });
  expect(await machine.nonce()).toBe(`${NONCE}\n`);
  expect(await bootId(machine.connection, "linux")).toMatch(/^[\w-]{36}$/);
  await startUpFile(machine, "exit 0\n");
  const failure = {
    code: "FAULT_FAILED",
    details: ["exit code 0", "a startup file of the login shell exits or replaces the shell"],
  };
  await expect(
    leaveNonce(machine.connection, { ...CAPTURE, nonce: "other" }),
  ).rejects.toMatchObject(failure);
  await expect(bootId(machine.connection, "linux")).rejects.toMatchObject(failure);
});

test.each<[string, (folder: string) => Promise<unknown>, string]>([
  [
    "another baseline",
    (proof) => writeFile(join(proof, "baseline"), "ffff\n"),
    "output: vmrig-proof failed: baseline 'ffff', nonce ''",
  ],
  [
    "the nonce of another rollback",
    (proof) => writeFile(join(proof, "nonce"), "other\n"),
    `output: vmrig-proof failed: baseline '${BASELINE}', nonce 'other'`,
  ],
  [
    "no baseline",
    (proof) => rm(join(proof, "baseline")),
    "output: vmrig-proof failed: baseline '', nonce ''",
  ],
  [
    "an empty baseline",
    (proof) => writeFile(join(proof, "baseline"), ""),
    "output: vmrig-proof failed: baseline '', nonce ''",
  ],
  [
    "no folder",
    (proof) => rm(proof, { recursive: true }),
    "output: vmrig-proof failed: baseline '', nonce ''",
  ],
  [
    "a baseline with ours as its prefix",
    (proof) => writeFile(join(proof, "baseline"), `${BASELINE}0\n`),
    `output: vmrig-proof failed: baseline '${BASELINE}0', nonce ''`,
  ],
  [
    "a pattern for a baseline",
    (proof) => writeFile(join(proof, "baseline"), "*\n"),
    "output: vmrig-proof failed: baseline '*', nonce ''",
  ],
])("with %s the machine is refused, with its output", async (_title, spoil, fact) => {
  for (const shell of SHELLS) {
    const machine = await createMachine(shell);
    await spoil(join(machine.folder, "proof"));
    await expect(machine.prove()).rejects.toMatchObject({
      code: "ROLLBACK_FAILED",
      summary: `Could not verify that pc1 is at its baseline ${BASELINE}.`,
      details: expect.arrayContaining([fact, "exit code 97"]),
    });
    expect(await machine.steps()).toBe("");
  }
});

test("a clock that cannot be set is a failure, and its output is reported", async () => {
  const machine = await createMachine();
  await writeFile(
    join(machine.folder, "step-clock"),
    "#!/bin/sh\necho 'Operation not permitted' >&2\nexit 1\n",
  );
  await expect(machine.prove()).rejects.toMatchObject({
    code: "ROLLBACK_FAILED",
    details: ["output: Operation not permitted", "exit code 97"],
  });
  await expect(machine.nonce()).rejects.toThrow("ENOENT");
});

test("a shell that ends without output is a failure", async () => {
  const machine = await createMachine("/bin/bash");
  await startUpFile(machine, "exit 0\n");
  await expect(machine.prove()).rejects.toMatchObject({
    code: "ROLLBACK_FAILED",
    details: ["exit code 0"],
  });
});

test("the error names a shell that is not POSIX, and such a shell passes no proof by skipping lines that it cannot parse", async () => {
  const folder = await tempFolder();
  const odd = join(folder, "odd");
  // Behaves like csh: of all lines of the proof, it can parse the last one only.
  await writeFile(odd, `#!/bin/sh\nexec /bin/sh -c "$(printf '%s\\n' "$2" | tail -n 1)"\n`, {
    mode: 0o755,
  });
  vi.stubEnv("SHELL", odd);
  onTestFinished(() => void vi.unstubAllEnvs());
  const proof = { machine: "pc1", baseline: BASELINE, guest: "linux", nonce: NONCE } as const;
  await expect(prove(connectShell(odd, folder), proof)).rejects.toMatchObject({
    code: "ROLLBACK_FAILED",
    details: [`output: vmrig-proof ${NONCE}`, "exit code 0", `login shell: ${odd}`],
    hint: "give the test user a POSIX login shell: sh, dash, bash, ksh or zsh",
  });
});

test("a machine that gives no result in time is a failure", async () => {
  const silent = {
    stdout: Buffer.alloc(0),
    stderr: Buffer.alloc(0),
    ended: "timed-out",
    lingered: false,
    durationMs: 60_000,
  } as const;
  const proof = { machine: "pc1", baseline: BASELINE, guest: "linux", nonce: NONCE } as const;
  await expect(prove({ exec: async () => silent }, proof)).rejects.toMatchObject({
    code: "ROLLBACK_FAILED",
    details: ["no result within 60 s"],
  });
});

test("a cancelled proof is no failure of the machine", async () => {
  const machine = await createMachine();
  await writeFile(
    join(machine.folder, "step-clock"),
    `#!/bin/sh\ntouch ${machine.folder}/begun\nexec sleep 600\n`,
  );
  const stop = new AbortController();
  const proving = machine.prove({ signal: stop.signal });
  await vi.waitUntil(() => existsSync(join(machine.folder, "begun")), {
    timeout: 20_000,
    interval: 10,
  });
  const reason = new Error("called off");
  stop.abort(reason);
  await expect(proving).rejects.toBe(reason);
});

test("a machine without a system stores the proof in its home, and has no clock to set", async () => {
  const machine = await createMachine();
  await mkdir(join(machine.folder, ".vmrig"));
  await writeFile(join(machine.folder, ".vmrig", "baseline"), `${BASELINE}\n`);
  await machine.prove({ guest: "shell" });
  expect(await readFile(join(machine.folder, ".vmrig", "nonce"), "utf8")).toBe(`${NONCE}\n`);
  expect(await machine.steps()).toBe("");
});

test("startup files that print without a newline, or set noclobber, do not change the proof", async () => {
  const machine = await createMachine("/bin/bash");
  await startUpFile(machine, "printf welcome; set -C\n");
  await machine.prove();
  await machine.prove();
  await leaveNonce(machine.connection, { ...CAPTURE, nonce: "another" });
  expect(await machine.nonce()).toBe("another\n");
});

test("random numbers that repeat after a rollback fail the proof", async () => {
  const machine = await createMachine();
  const drawn = new Set<string>();
  await machine.prove({ drawn });
  const [uuid = ""] = drawn;
  expect(uuid).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  await machine.prove({ drawn });
  expect(drawn.size).toBe(2);

  await writeFile(join(machine.folder, "uuid"), `${uuid}\n`);
  await expect(machine.prove({ drawn })).rejects.toMatchObject({
    code: "ROLLBACK_FAILED",
    summary: "The random numbers of pc1 repeat after the rollback.",
    details: [`its kernel returned the UUID ${uuid} a second time`],
  });
});
