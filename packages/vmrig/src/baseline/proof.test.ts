import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "../clock/clock.ts";
import type { VmrigError } from "../errors/vmrig-error.ts";
import type { Connection } from "../ssh/connection.ts";
import type { ExecResult } from "../ssh/exec.ts";
import { waitFor } from "../wait/wait-for.ts";
import { PROOF_FOLDER, STEP_CLOCK } from "./house-keeping.ts";
import { proven, type ProofOptions } from "./proof.ts";
import { connectShell, SHELLS, tempFolder } from "./shell.test.kit.ts";

const BASELINE = "0123456789abcdef";
const NONCE = "11111111-2222";

type Fake = ReturnType<typeof connectShell>;

interface Stage {
  readonly folder: string;
  readonly failures: readonly VmrigError[];
  /** A new connection to the machine, and what it was asked below the proof. */
  connect(options?: Partial<ProofOptions>): ReturnType<typeof proven> & { readonly below: Fake };
  nonce(): Promise<string>;
  /** How the clock was set. */
  steps(): Promise<string>;
}

/** A folder that stands for a machine at its baseline. */
async function stage(shell = "/bin/sh"): Promise<Stage> {
  const folder = await tempFolder();
  const failures: VmrigError[] = [];
  const proof = join(folder, "proof");
  await mkdir(proof);
  await writeFile(join(proof, "baseline"), `${BASELINE}\n`);
  await writeFile(join(folder, "step-clock"), `#!/bin/sh\necho "$*" >> ${folder}/steps\necho it is late\n`);
  await chmod(join(folder, "step-clock"), 0o755);
  const rewrite = (command: string): string => command.replaceAll(PROOF_FOLDER, proof).replaceAll(STEP_CLOCK, join(folder, "step-clock"));
  return {
    folder,
    failures,
    connect(options) {
      const below = connectShell(shell, folder, rewrite);
      const onFailure = (error: VmrigError): void => void failures.push(error);
      const above = proven(below, { machine: "pc1", baseline: BASELINE, guest: "linux", nonce: NONCE, onFailure, ...options });
      return Object.assign(above, { below });
    },
    nonce: () => readFile(join(proof, "nonce"), "utf8"),
    steps: () => readFile(join(folder, "steps"), "utf8").catch(() => ""),
  };
}

/** Stops a command as soon as there is a file `begun` on the machine. */
async function stopOnceBegun(machine: Stage, connection: Connection, command: string): Promise<ExecResult> {
  const stop = new AbortController();
  const result = connection.exec(command, { signal: stop.signal });
  await waitFor({
    what: "the command to begin",
    timeoutMs: 20_000,
    intervalMs: 10,
    probe: async () => (existsSync(join(machine.folder, "begun")) ? { value: true } : { seen: "no file begun" }),
  });
  stop.abort();
  return result;
}

const said = ({ stdout, stderr, exitCode }: ExecResult): unknown[] => [stdout.toString(), stderr.toString(), exitCode];

test.each(SHELLS)("the first command proves the rollback on its way, and is otherwise as if it had not, in %s", async (shell) => {
  const machine = await stage(shell);
  const pc1 = machine.connect({ clock: { ...systemClock, wall: () => 1_700_000_000_123 } });
  expect(said(await pc1.exec("echo out; echo err >&2; echo $? [$vmrig_b$vmrig_n]; exit 3"))).toEqual(["out\n0 []\n", "err\n", 3]);
  expect(await machine.nonce()).toBe(`${NONCE}\n`);
  expect(await machine.steps()).toBe("-s @1700000000.123\n");
  expect(machine.failures).toEqual([]);
});

test("only the first command carries the proof", async () => {
  const machine = await stage();
  const pc1 = machine.connect();
  await pc1.exec("true");
  expect(said(await pc1.exec("echo two"))).toEqual(["two\n", "", 0]);
  expect(pc1.below.asked.slice(1)).toEqual(["echo two"]);
  // Not even when the machine is no longer what it was: a test may do with it what it likes.
  await rm(join(machine.folder, "proof"), { recursive: true });
  expect(said(await pc1.exec("echo three"))).toEqual(["three\n", "", 0]);
});

test("output is the command's own to the byte, also when it is no text or looks like the proof", async () => {
  const machine = await stage();
  const bytes = await machine.connect().exec(String.raw`printf '\000\377\012vmrig-proof ${NONCE} passed\012'`);
  expect(bytes.stdout.equals(Buffer.from(`\0\u00FF\nvmrig-proof ${NONCE} passed\n`, "latin1"))).toBe(true);
  const nothing = await machine.connect().exec(":");
  expect(nothing.stdout).toHaveLength(0);
});

test("stdin is the command's own", async () => {
  const machine = await stage();
  expect(said(await machine.connect().exec("cat", { input: "all of\nit" }))).toEqual(["all of\nit", "", 0]);
});

test("a second connection proves it again with the same nonce, and leaves the clock alone", async () => {
  const machine = await stage();
  await machine.connect().exec("true");
  expect(said(await machine.connect().exec("echo again"))).toEqual(["again\n", "", 0]);
  expect((await machine.steps()).split("\n")).toHaveLength(2);
});

test("commands that start before the verdict all pass, and none runs before its proof", async () => {
  const machine = await stage();
  const pc1 = machine.connect();
  const results = await Promise.all(Array.from({ length: 8 }, (_, index) => pc1.exec(`echo ${index}`)));
  expect(results.map(said)).toEqual(results.map((_, index) => [`${index}\n`, "", 0]));
  for (const asked of pc1.below.asked) expect(asked).toContain("vmrig-proof");
  expect(await machine.nonce()).toBe(`${NONCE}\n`);
});

test.each<[string, (folder: string) => Promise<unknown>, string]>([
  ["another baseline", (proof) => writeFile(join(proof, "baseline"), "ffff\n"), "it said: vmrig-proof failed: baseline 'ffff', nonce ''"],
  [
    "the nonce of another rollback",
    (proof) => writeFile(join(proof, "nonce"), "other\n"),
    `it said: vmrig-proof failed: baseline '${BASELINE}', nonce 'other'`,
  ],
  ["no baseline", (proof) => rm(join(proof, "baseline")), "it said: vmrig-proof failed: baseline '', nonce ''"],
  ["an empty baseline", (proof) => writeFile(join(proof, "baseline"), ""), "it said: vmrig-proof failed: baseline '', nonce ''"],
  ["no folder", (proof) => rm(proof, { recursive: true }), "it said: vmrig-proof failed: baseline '', nonce ''"],
  [
    "a baseline that begins like ours",
    (proof) => writeFile(join(proof, "baseline"), `${BASELINE}0\n`),
    `it said: vmrig-proof failed: baseline '${BASELINE}0', nonce ''`,
  ],
  ["a pattern for a baseline", (proof) => writeFile(join(proof, "baseline"), "*\n"), "it said: vmrig-proof failed: baseline '*', nonce ''"],
])("with %s no command runs, and it is told once", async (_title, spoil, fact) => {
  for (const shell of SHELLS) {
    const machine = await stage(shell);
    await spoil(join(machine.folder, "proof"));
    const pc1 = machine.connect();
    const failing = pc1.exec("touch ran; echo ran");
    await expect(failing).rejects.toMatchObject({
      code: "ROLLBACK_FAILED",
      summary: `pc1 could not be proven to be at its baseline ${BASELINE}.`,
      details: expect.arrayContaining([fact, "exit code 97"]),
    });
    await expect(pc1.exec("touch ran")).rejects.toBe(machine.failures[0]);
    expect(pc1.below.asked).toHaveLength(1);
    expect(machine.failures).toHaveLength(1);
    await expect(readFile(join(machine.folder, "ran"))).rejects.toThrow("ENOENT");
  }
});

test("when several commands find out at once, it is still told once, and all get the same error", async () => {
  const machine = await stage();
  await writeFile(join(machine.folder, "proof", "nonce"), "other\n");
  const pc1 = machine.connect();
  const outcomes = await Promise.allSettled([pc1.exec("true"), pc1.exec("true"), pc1.exec("true")]);
  expect(machine.failures).toHaveLength(1);
  expect(outcomes).toEqual(Array.from({ length: 3 }, () => ({ status: "rejected", reason: machine.failures[0] })));
});

test("a clock that cannot be set is a failure, and its words are kept", async () => {
  const machine = await stage();
  await writeFile(join(machine.folder, "step-clock"), "#!/bin/sh\necho 'Operation not permitted' >&2\nexit 1\n");
  await expect(machine.connect().exec("true")).rejects.toMatchObject({
    code: "ROLLBACK_FAILED",
    details: ["it said: Operation not permitted", "exit code 97"],
  });
  await expect(machine.nonce()).rejects.toThrow("ENOENT");
});

test("a command that was stopped before the proof was done proves nothing: the next one carries it again", async () => {
  const machine = await stage();
  await writeFile(join(machine.folder, "step-clock"), `#!/bin/sh\ntouch ${machine.folder}/begun\nexec sleep 600\n`);
  const pc1 = machine.connect();
  const stopped = await stopOnceBegun(machine, pc1, "echo ran");
  expect([stopped.ended, stopped.stdout.toString()]).toEqual(["aborted", ""]);
  expect(machine.failures).toEqual([]);
  await writeFile(join(machine.folder, "step-clock"), "#!/bin/sh\n");
  expect(said(await pc1.exec("echo now"))).toEqual(["now\n", "", 0]);
});

test("a command that was stopped after the proof has proven it", async () => {
  const machine = await stage();
  const pc1 = machine.connect();
  const stopped = await stopOnceBegun(machine, pc1, "echo some; touch begun; exec sleep 600");
  expect([stopped.ended, stopped.stdout.toString()]).toEqual(["aborted", "some\n"]);
  await pc1.exec("echo now");
  expect(pc1.below.asked.at(-1)).toBe("echo now");
});

test("a connection that breaks proves nothing, and its error comes through", async () => {
  const machine = await stage();
  const pc1 = machine.connect();
  const gone = new Error("gone");
  await expect(pc1.exec("true", { signal: AbortSignal.abort(gone) })).rejects.toBe(gone);
  expect(machine.failures).toEqual([]);
  expect(said(await pc1.exec("echo now"))).toEqual(["now\n", "", 0]);
});

test("a command as long as Linux takes goes after the proof, not with it", async () => {
  const machine = await stage();
  const pc1 = machine.connect();
  const long = `: ${"x".repeat(131_000)}; echo done`;
  expect(said(await pc1.exec(long))).toEqual(["done\n", "", 0]);
  expect(pc1.below.asked.map((asked) => asked.includes("vmrig-proof"))).toEqual([true, false]);
  await writeFile(join(machine.folder, "proof", "nonce"), "other\n");
  await expect(machine.connect().exec(long)).rejects.toMatchObject({ code: "ROLLBACK_FAILED" });
});

test("a machine without a system keeps the proof in its home, and has no clock to set", async () => {
  const machine = await stage();
  await mkdir(join(machine.folder, ".vmrig"));
  await writeFile(join(machine.folder, ".vmrig", "baseline"), `${BASELINE}\n`);
  expect(said(await machine.connect({ guest: "shell" }).exec("cat .vmrig/nonce"))).toEqual([`${NONCE}\n`, "", 0]);
  expect(await machine.steps()).toBe("");
});

test("closing it closes the connection", async () => {
  const machine = await stage();
  const pc1 = machine.connect();
  expect(pc1.closed.aborted).toBe(false);
  await pc1.close();
  expect(pc1.closed.aborted).toBe(true);
});
