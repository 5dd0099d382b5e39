import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { identifyProcess } from "vmrig/driver";
import { lanPid, stopLan } from "./network/lan.ts";
import { machineFiles, writeJson } from "./machine-files.ts";
import { defineMachine } from "./machine.test.kit.ts";
import { tempFolder } from "./temp-folder.test.kit.ts";

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a step as Terraform does: without stdin, with a minimal environment. */
function step(args: readonly string[], input: unknown, path = process.env["PATH"]): Ended {
  const script = fileURLToPath(new URL("./terraform-steps.ts", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    env: { PATH: path, HOME: "/nonexistent", VMRIG_INPUT: JSON.stringify(input) },
  });
  return { status, stdout, stderr };
}

test("creates and destroys a network, each twice without an error", async () => {
  const folder = await tempFolder();
  const folders = { folder, runtimeFolder: folder };
  onTestFinished(() => stopLan(folders));
  const silent = { status: 0, stdout: "", stderr: "" };
  expect(step(["create", "lan"], folders)).toEqual(silent);
  const pid = await lanPid(folders);
  expect(pid).toBeGreaterThan(1);
  expect(step(["create", "lan"], folders)).toEqual(silent);
  expect(await lanPid(folders)).toBe(pid);
  expect(step(["destroy", "lan"], folders)).toEqual(silent);
  expect(step(["destroy", "lan"], folders)).toEqual(silent);
  expect(await readdir(folder)).toEqual(["in-use"]);
});

test("an error of vmrig is printed without a stack", async () => {
  const { status, stderr } = step(
    ["create", "lan"],
    { folder: await tempFolder(), runtimeFolder: await tempFolder() },
    "/nowhere",
  );
  expect(status).toBe(1);
  expect(stderr).toMatch(/^vde_switch is not on PATH\.\nhint: install it: .*\n$/);
});

test.each([
  [["destroy", "world"], {}, 'there is no step "destroy world"'],
  [[], {}, "there is no step"],
  [["create", "lan"], { folder: "/nowhere" }, "runtimeFolder"],
  [["create", "machine"], null, "expected object"],
])("refuses %j with %j", (args, input, message) => {
  const { status, stderr } = step(args, input);
  expect([status, stderr]).toEqual([1, expect.stringContaining(message)]);
});

test("destroying a missing machine is no error", async () => {
  const machine = await defineMachine(await tempFolder());
  expect(step(["destroy", "machine"], machine)).toMatchObject({ status: 0, stderr: "" });
  await expect(readdir(machineFiles(machine, "pc1").folder)).rejects.toThrow("ENOENT");
});

test("destroying a machine keeps an unrelated process with its old pid, and an image that others use", async () => {
  const root = await tempFolder();
  const [pc1, pc2] = [await defineMachine(root), await defineMachine(root, { name: "pc2" })];
  const files = machineFiles(pc1, "pc1");
  await writeJson(files.process, {
    ...(await identifyProcess(process.pid)),
    sshPort: 1,
    platform: "x",
    lanPid: 1,
    lanStartTime: "1",
  });
  await writeFile(files.pidFile, String(process.pid));
  const image = join(root, "copy", "images", "aa");
  await mkdir(image, { recursive: true });
  await writeFile(join(image, "disk"), "the image");
  expect(
    step(["destroy", "machine"], { ...pc1, image: { ...pc1.image, disk: join(image, "disk") } }),
  ).toMatchObject({
    status: 0,
    stderr: "",
  });
  expect(await readFile(join(image, "disk"), "utf8")).toBe("the image");
  expect(
    step(["destroy", "machine"], { ...pc2, image: { ...pc2.image, disk: join(image, "disk") } }),
  ).toMatchObject({
    status: 0,
    stderr: "",
  });
  await expect(readFile(join(image, "disk"), "utf8")).rejects.toThrow("ENOENT");
});
