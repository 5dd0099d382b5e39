import { createHash } from "node:crypto";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { seededRandom } from "../../seeded-random.test.kit.ts";
import { dial } from "../../ssh/dial.ts";
import type { SshConnection } from "../../ssh/ssh-connection.ts";
import { generateKeyPair, type KeyPair } from "../../ssh/keys.ts";
import { waitFor } from "../../wait/wait-for.ts";
import { StepStack } from "../contract/step-stack.ts";
import type { Admission } from "../authority.ts";
import { withFileLock } from "../../local-files/file-lock.ts";
import { fakeDriver } from "./driver.ts";
import { machineFiles } from "./machine-files.ts";
import { members } from "./members.ts";
import { setUpFakeMachines } from "./fake-machines.test.kit.ts";

const machines = await setUpFakeMachines(["pc1"]);
const { copy } = machines;
const pc1 = { copy, name: "pc1" };
const files = machineFiles(copy, "pc1");
const driver = fakeDriver();
const stack = new StepStack();
const key: KeyPair = generateKeyPair();
const admission: Admission = {
  fence: 4,
  signal: new AbortController().signal,
  authorize: key.publicKey,
};
let connection: SshConnection;

beforeAll(async () => {
  await driver.declare(stack, copy, { fingerprint: await driver.fingerprint(copy), owner: "me" });
  await stack.create();
  await driver.boot(pc1, { ...admission, fence: 3 });
  const [{ address, hostKey = "" } = {}] = (await driver.inspect(copy)).machines;
  if (address === undefined) throw new Error("pc1 has no address");
  connection = await dial(
    { ...address, hostKey, user: "vmrig", privateKey: key.privateKey },
    { name: "pc1" },
  );
});

afterAll(async () => {
  await connection?.close();
  await machines[Symbol.asyncDispose]();
});

async function ask(line: string): Promise<string> {
  const { stdout, stderr } = await connection.exec(line);
  return `${stdout.toString("utf8")}${stderr.toString("utf8")}`.trim();
}

function ended(pid: number): Promise<true> {
  return waitFor({
    what: `process ${pid} to end`,
    timeoutMs: 15_000,
    probe: async () => (members(files).includes(pid) ? { seen: "still running" } : { value: true }),
  });
}

test("a call that waited for the file lock while a newer lease acted is FENCED and changes nothing", async () => {
  const { remove, stop = remove } = driver;
  const lateOutcomes = Promise.withResolvers<unknown>();
  await withFileLock({ path: files.lock, on: "pc1" }, async () => {
    const late = Promise.allSettled([
      remove(pc1, { ...admission, fence: 3 }),
      stop(pc1, { ...admission, fence: 3 }),
    ]);
    await driver.boot(pc1, { ...admission, fence: 4 });
    void late.then((outcomes) => lateOutcomes.resolve(outcomes));
  });
  expect(await lateOutcomes.promise).toMatchObject([
    { reason: { code: "FENCED" } },
    { reason: { code: "FENCED" } },
  ]);
  expect(await ask("echo in")).toBe("in");
});

test("separates stdout, stderr, exit code and signal, as OpenSSH does", async () => {
  const { stdout, stderr, exitCode } = await connection.exec("echo out; echo err >&2; exit 3");
  expect([stdout.toString(), stderr.toString(), exitCode]).toEqual(["out\n", "err\n", 3]);
  expect(await connection.exec("kill -TERM $$")).toMatchObject({ signal: "SIGTERM" });
});

test("passes bytes unchanged in both directions", async () => {
  const input = seededRandom().bytes(3 * 1024 * 1024);
  const { stdout } = await connection.exec("cat", { input });
  expect(createHash("sha256").update(stdout).digest("hex")).toBe(
    createHash("sha256").update(input).digest("hex"),
  );
});

test("a command that is stopped ends with its whole process group", async () => {
  const result = await connection.exec("sleep 3600 & echo $!; wait", { timeoutMs: 300 });
  expect(result).toMatchObject({ ended: "timed-out", signal: "SIGKILL" });
  expect(await ended(Number(result.stdout.toString()))).toBe(true);
});

test("a stopped command at a terminal ends with its whole process group", async () => {
  const abort = new AbortController();
  let shown = "";
  const running = connection.run("trap '' HUP; sleep 3600 & echo pid $!; wait", {
    pty: { columns: 80, rows: 24, term: "vt100" },
    signal: abort.signal,
    attend({ stdin, stdout, stderr }) {
      stdin.end();
      stderr.resume();
      stdout.on("data", (chunk: Buffer) => (shown += chunk.toString()));
    },
  });
  const pid = await vi.waitFor(
    () => Number(/pid (\d+)\r/.exec(shown)?.[1] ?? expect.unreachable(shown)),
    { timeout: 20_000 },
  );
  abort.abort();
  await running;
  expect(await ended(pid)).toBe(true);
});

test("a command starts in the machine's home, without the environment in which the machine was created", async () => {
  expect(await ask("pwd; echo $HOME; echo $USER; hostname; echo $TMPDIR")).toBe(
    [files.home, files.home, "vmrig", "pc1", `${files.disk}/tmp`].join("\n"),
  );
  expect(await ask("env | grep -c VITEST")).toBe("0");
});

test("sudo runs a command as the only user of the machine, whichever user is requested", async () => {
  const me = await ask("id -u");
  expect(await ask("sudo -n -H -u other -- sh -c 'id -u; pwd'")).toBe(`${me}\n${files.home}`);
  expect(await ask("cd /tmp; sudo -n -i sh -eu -s <<< 'id -u; pwd'")).toBe(`${me}\n${files.home}`);
  expect(await ask("sudo -K; echo $?")).toMatch(/^1\n.*does not know the option -K$/);
});

test("programs that act on the computer are refused, also with sudo", async () => {
  expect(await ask("sudo -n reboot; systemctl stop ssh; hostname other; echo $?")).toBe(
    [
      "1",
      ...["reboot", "systemctl", "hostname"].map(
        (name) => `${name}: this is a fake machine, it has no system of its own`,
      ),
    ].join("\n"),
  );
});

test("a restore also ends a process that left the session of its command", async () => {
  await driver.capture(pc1, "before", admission);
  const pid = Number(
    await ask("setsid sh -c 'echo $$; exec sleep 3600 >/dev/null 2>&1 </dev/null' &"),
  );
  expect(members(files)).toContain(pid);
  await driver.restore(pc1, "before", admission);
  expect(members(files)).not.toContain(pid);
});

test("a failed write of a snapshot is reported, and the existing files stay", async () => {
  await driver.capture(pc1, "roomy", admission);
  await writeFile(join(files.home, "kept"), "");
  // Simulates a full disk: the folder of the snapshot cannot be created.
  await rename(files.snapshots, `${files.snapshots}-away`);
  await writeFile(files.snapshots, "");
  await expect(driver.capture(pc1, "other", admission)).rejects.toMatchObject({
    code: "STATE_UNWRITABLE",
    fault: "infra",
  });
  await rm(files.snapshots);
  await rename(`${files.snapshots}-away`, files.snapshots);
  expect(await readdir(files.home)).toEqual(["kept"]);
  await driver.restore(pc1, "roomy", admission);
  expect(await readdir(files.home)).toEqual([]);
});

test("creating a machine of another owner that runs is STATE_LOST and does not touch it", async () => {
  const before = members(files);
  const other = new StepStack();
  await driver.declare(other, copy, { fingerprint: await driver.fingerprint(copy), owner: "you" });
  await expect(other.create()).rejects.toThrow(
    "pc1 of pcs-1 exists, but is not in the Terraform state.",
  );
  expect(members(files)).toEqual(before);
});

test("a machine whose record cannot be read keeps running, and no create step touches it", async () => {
  const before = members(files);
  await writeFile(`${files.definition}.kept`, await readFile(files.definition, "utf8"));
  await writeFile(files.definition, "{ half");

  expect((await driver.inspect(copy)).machines).toEqual([
    expect.objectContaining({ unreadable: expect.stringContaining(files.definition) as string }),
  ]);
  await expect(driver.boot(pc1, admission)).rejects.toMatchObject({ code: "STATE_LOST" });
  await expect(stack.create()).rejects.toThrow("cannot be read");

  expect(members(files)).toEqual(before);
  await rename(`${files.definition}.kept`, files.definition);
});

test("a machine whose folder is deleted ends by itself", async () => {
  const [pid = 0] = members(files);
  expect(pid).toBeGreaterThan(0);
  await rm(files.folder, { recursive: true });
  expect(await ended(pid)).toBe(true);
  expect(await readdir(copy.folder)).toEqual(["in-use", "machines"]);
});
