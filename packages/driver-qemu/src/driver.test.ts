import { access, mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { identifyProcess, localOnly, passFence, withFileLock, type CopySpec } from "vmrig/driver";
import { qemu } from "./driver.ts";
import { machineFiles, writeJson, type MachineDefinition } from "./machine-files.ts";
import { defineMachine } from "./machine.test.kit.ts";
import { tempFolder } from "./temp-folder.test.kit.ts";

const driver = qemu();

function copyOf({ rig, copy, folder, runtimeFolder, cacheFolder }: MachineDefinition): CopySpec {
  return { rig, copy, folder, runtimeFolder, cacheFolder, machines: [] };
}

test.each([
  [{ imgae: "debian-13" }, "qemu()", 'did you mean "image"?'],
  [{ image: { url: "file:///x", sha265: "0" } }, "`image` of qemu()", 'did you mean "sha256"?'],
])("refuses unknown options: %o", (options: object, of, hint) => {
  expect(() => qemu(options)).toThrow(
    expect.objectContaining({
      code: "CONFIG_INVALID",
      message: expect.stringContaining(of),
      hint,
    }),
  );
});

test("a slower process does not remove, stop or start a machine of a newer lease", async () => {
  const machine = await defineMachine(await tempFolder());
  const files = machineFiles(machine, machine.name);
  await writeJson(files.definition, machine);
  const ref = { copy: copyOf(machine), name: machine.name };
  const late = { fence: 1, signal: new AbortController().signal, authorize: "ssh-ed25519 AAAA" };
  const { stop = () => Promise.reject(new Error("it cannot be stopped")) } = driver;

  const outcomes = await withFileLock({ path: files.lock, on: "the newer one" }, async () => {
    // Their fence is still the largest, but another process has the lock.
    const waiting = [
      driver.remove(ref, late),
      driver.boot(ref, late),
      driver.restore(ref, "pristine", late),
      stop(ref, late),
    ];
    const ended = Promise.allSettled(waiting);
    // Long enough for others to start and finish.
    for (let times = 0; times < 3; times += 1) {
      const other = await defineMachine(await tempFolder());
      await writeJson(machineFiles(other, other.name).definition, other);
      await driver.remove({ copy: copyOf(other), name: other.name }, late);
    }
    await access(files.definition);
    await passFence(files.fences, machine.name, 2);
    return { ended };
  });
  for (const outcome of await outcomes.ended)
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "FENCED" } });
  await access(files.definition);
  await driver.remove(ref, { ...late, fence: 2 });
  await expect(access(files.folder)).rejects.toThrow("ENOENT");
});

test("an image that was replaced after the fingerprint is rejected", async () => {
  const root = await tempFolder();
  const images = join(root, "images");
  for (const version of ["a", "b"]) {
    const folder = join(images, `debian-13-${version}`);
    await mkdir(folder, { recursive: true });
    for (const name of ["disk", "kernel", "initrd"]) await writeFile(join(folder, name), version);
    const manifest = {
      name: "tiny",
      digest: `sha256:${version}`,
      disk: "disk",
      kernel: "kernel",
      initrd: "initrd",
      append: "",
    };
    await writeFile(join(folder, "image.json"), JSON.stringify(manifest));
    await symlink(`debian-13-${version}`, join(images, `link-${version}`));
  }
  const copy: CopySpec = {
    rig: "pcs",
    copy: "pcs-1",
    folder: root,
    runtimeFolder: root,
    cacheFolder: root,
    machines: [],
  };
  const made = { fingerprint: { image: "sha256:a", platform: "x" }, owner: "me" };
  await rename(join(images, "link-a"), join(images, "debian-13"));
  await driver.declare(
    localOnly(() => {}),
    copy,
    made,
  );
  await rename(join(images, "link-b"), join(images, "debian-13"));
  await expect(
    Promise.resolve(
      driver.declare(
        localOnly(() => {}),
        copy,
        made,
      ),
    ),
  ).rejects.toMatchObject({
    code: "IMAGE_MISMATCH",
    details: ["before  sha256:a", "now     sha256:b"],
  });
});

test("machines that a process with another /tmp uses are not reported as off", async () => {
  const machine = await defineMachine(await tempFolder());
  await writeJson(machineFiles(machine, machine.name).definition, machine);
  const { boot, pidNamespace } = await identifyProcess(process.pid);
  const view = { mountNamespace: "1", temporary: "1:1", locked: false };
  const claimant = { boot, pidNamespace, ...view, host: "ci", pid: 7, at: 0 };
  await writeFile(join(machine.folder, "in-use"), JSON.stringify(claimant));
  await expect(driver.inspect(copyOf(machine))).rejects.toMatchObject({
    code: "HOME_SHARED",
    summary: expect.stringMatching(/^A process with another \/tmp uses the machines of /),
  });
});
