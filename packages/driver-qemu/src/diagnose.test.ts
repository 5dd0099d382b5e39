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

/** A program that says its version, as far as a doctor can tell. */
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

async function look(
  options: Partial<DiagnoseOptions> = {},
): Promise<Readonly<Record<string, Finding>>> {
  const findings = await diagnose({ image: "debian-13", accel: "auto", cacheFolder, ...options });
  for (const { what, status, fix } of findings)
    if (status !== "ok") expect(fix, what).toMatch(/\S/);
  return Object.fromEntries(findings.map((finding) => [finding.what, finding]));
}

test("a computer that has all of it: each thing was measured", async () => {
  const { accelerator, ...findings } = await look();
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

test("each program that is missing is named, with the packages to install; the rest is looked at all the same", async () => {
  vi.stubEnv("PATH", "/nonexistent");
  const findings = await look();
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

test("a QEMU whose emulated machines crash is a warning where machines are emulated, and none where they are not", async () => {
  await install(SYSTEM, "7.2.22");
  const { QEMU } = await look({ accel: "tcg" });
  expect(QEMU).toMatchObject({
    status: "warn",
    measured: expect.stringContaining("crash at random"),
    fix: expect.stringContaining("8.2"),
  });
  if (!EMULATED) expect((await look({ accel: "kvm" }))["QEMU"]?.status).toBe("ok");
});

test("an image that was not built is named, with how to build it", async () => {
  expect((await look({ image: "debian-99" }))["machine image"]).toMatchObject({
    status: "fail",
    measured: expect.stringContaining('"debian-99" is not built on this computer. looked in '),
    fix: expect.stringContaining("infra/images/debian-99/build"),
  });
});

test("an image that has yet to be fetched is not fetched", async () => {
  const { "machine image": finding } = await look({
    image: { url: "http://127.0.0.1:1/image.tar", sha256: "0".repeat(64) },
  });
  expect(finding).toMatchObject({
    status: "warn",
    measured: expect.stringContaining("the first run fetches it from http://127.0.0.1:1/image.tar"),
  });
});
