import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import type { Finding } from "vmrig/driver";
import { measureAccelerator, resolveAccelerator } from "./process/accelerator.ts";
import { diagnose, type DiagnoseOptions } from "./diagnose.ts";
import { tempFolder } from "./temp-folder.test.kit.ts";

const SYSTEM = process.arch === "arm64" ? "qemu-system-aarch64" : "qemu-system-x86_64";
const EMULATED = resolveAccelerator("auto", measureAccelerator()).accelerator === "tcg";

let bin: string;
let cacheFolder: string;
beforeEach(async () => {
  const root = await tempFolder();
  [bin, cacheFolder] = [join(root, "bin"), join(root, "cache")];
  await mkdir(bin);
  vi.stubEnv("PATH", bin);
  onTestFinished(() => void vi.unstubAllEnvs());
  await Promise.all([
    install(SYSTEM, "10.0.2"),
    install("qemu-img", "10.0.2"),
    install("vde_switch", "2.3.2"),
  ]);
  await image("debian-13");
});

/** A fake program that prints a version. */
async function install(name: string, version: string): Promise<void> {
  const path = join(bin, name);
  await writeFile(path, `#!/bin/sh\necho 'the program, version ${version} (Debian)'\n`);
  await chmod(path, 0o755);
}

async function image(name: string): Promise<void> {
  const folder = join(cacheFolder, "images", `${name}-1`);
  await mkdir(folder, { recursive: true });
  const manifest = {
    name,
    digest: "sha256:1234",
    disk: "disk",
    kernel: "kernel",
    initrd: "initrd",
    append: "",
  };
  for (const file of ["disk", "kernel", "initrd"]) await writeFile(join(folder, file), "");
  await writeFile(join(folder, "image.json"), JSON.stringify(manifest));
  await symlink(`${name}-1`, join(cacheFolder, "images", name));
}

async function runDiagnose(
  options: Partial<DiagnoseOptions> = {},
): Promise<Readonly<Record<string, Finding>>> {
  const findings = await diagnose({ image: "debian-13", accel: "auto", cacheFolder, ...options });
  for (const { what, status, fix } of findings)
    if (status !== "ok") expect(fix, what).toMatch(/\S/);
  return Object.fromEntries(findings.map((finding) => [finding.what, finding]));
}

test("a complete computer has a measured value for every check", async () => {
  const { accelerator, ...findings } = await runDiagnose();
  expect(Object.values(findings)).toEqual([
    { what: "QEMU", status: "ok", measured: `10.0.2 at ${join(bin, SYSTEM)}` },
    { what: "qemu-img", status: "ok", measured: `10.0.2 at ${join(bin, "qemu-img")}` },
    { what: "vde_switch", status: "ok", measured: `2.3.2 at ${join(bin, "vde_switch")}` },
    { what: "machine image", status: "ok", measured: "debian-13, sha256:1234" },
  ]);
  expect(accelerator).toMatchObject({
    status: EMULATED ? "warn" : "ok",
    measured: expect.stringMatching(EMULATED ? /^tcg/ : /^kvm/),
  });
});

test("each missing program is named with the packages to install, and all other checks still run", async () => {
  vi.stubEnv("PATH", "/nonexistent");
  const findings = await runDiagnose();
  for (const [what, program] of [
    ["QEMU", SYSTEM],
    ["qemu-img", "qemu-img"],
    ["vde_switch", "vde_switch"],
  ] as const) {
    expect(findings[what]).toMatchObject({
      status: "fail",
      measured: `${program} is not on PATH.`,
      fix: expect.stringMatching(/^install it: apt-get install/),
    });
  }
  expect(findings["machine image"]?.status).toBe("ok");
});

test("a QEMU with crashing emulated machines is a warning with emulation, and none with KVM", async () => {
  await install(SYSTEM, "7.2.22");
  const { QEMU } = await runDiagnose({ accel: "tcg" });
  expect(QEMU).toMatchObject({
    status: "warn",
    measured: expect.stringContaining("crash at random"),
    fix: expect.stringContaining("8.2"),
  });
  if (!EMULATED) expect((await runDiagnose({ accel: "kvm" }))["QEMU"]?.status).toBe("ok");
});

test("a missing local image is reported with its build command", async () => {
  expect((await runDiagnose({ image: "debian-99" }))["machine image"]).toMatchObject({
    status: "fail",
    measured: expect.stringContaining('"debian-99" is not built on this computer. looked in '),
    fix: expect.stringContaining("infra/images/debian-99/build"),
  });
});

test("a missing remote image is not fetched", async () => {
  const { "machine image": finding } = await runDiagnose({
    image: { url: "http://127.0.0.1:1/image.tar", sha256: "0".repeat(64) },
  });
  expect(finding).toMatchObject({
    status: "warn",
    measured: expect.stringContaining("the first run fetches it from http://127.0.0.1:1/image.tar"),
  });
});
