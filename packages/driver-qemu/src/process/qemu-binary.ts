import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { delimiter, dirname, join } from "node:path";
import { VmrigError, explainWriteErrors, writeTextAtomically } from "vmrig/driver";
import { runProgram } from "./run-program.ts";

/** Finds a program on PATH. */
function findProgram(name: string): string | undefined {
  const path = process.env["PATH"] ?? "";
  // An empty entry would mean the current folder.
  for (const folder of path.split(delimiter).filter((entry) => entry !== "")) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      continue;
    }
  }
  return undefined;
}

export function requireProgram(name: string, packages: string): string {
  const found = findProgram(name);
  if (found !== undefined) return found;
  throw new VmrigError("QEMU_MISSING", {
    message: `${name} is not on PATH.`,
    hint: `install it: ${packages}`,
  });
}

const ARCHITECTURES: Readonly<
  Record<string, { system: string; machine: string; packages: string }>
> = {
  x64: {
    system: "qemu-system-x86_64",
    machine: "q35",
    packages: "apt-get install qemu-system-x86 · dnf install qemu-system-x86 · brew install qemu",
  },
  arm64: {
    system: "qemu-system-aarch64",
    machine: "virt",
    packages:
      "apt-get install qemu-system-arm · dnf install qemu-system-aarch64 · brew install qemu",
  },
};

export interface QemuBinary {
  readonly path: string;
  readonly machineType: string;
  /** `7.2.22` */
  readonly version: string;
}

/**
 * Finds QEMU for this computer's architecture. Caches the version, so that a warm run does not
 * start QEMU to read it.
 */
export async function findQemu(cacheFolder: string): Promise<QemuBinary> {
  const wanted = ARCHITECTURES[process.arch];
  if (wanted === undefined) {
    throw new VmrigError("QEMU_MISSING", {
      message: `@vmrig/driver-qemu does not support the architecture ${process.arch}, only x64 and arm64.`,
    });
  }
  const path = requireProgram(wanted.system, wanted.packages);
  const { size, mtimeMs } = statSync(path);
  const key = createHash("sha256")
    .update(JSON.stringify([realpathSync(path), size, mtimeMs]))
    .digest("hex")
    .slice(0, 16);
  const cacheFile = join(cacheFolder, "qemu", `${key}.version`);
  const version =
    (await readFile(cacheFile, "utf8").catch(() => undefined)) ??
    (await askVersion(path, cacheFile));
  return { path, machineType: wanted.machine, version };
}

/**
 * Whether emulated guests are reliable. With older emulators a Linux 6.12 guest crashes at random:
 * kernel double faults in half of the boots on a busy computer, observed with 7.2.
 */
export function emulatesReliably(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 8 || (major === 8 && minor >= 2);
}

async function askVersion(path: string, cacheFile: string): Promise<string> {
  const stdout = await runProgram(path, ["--version"]).catch((error: unknown) => {
    throw new VmrigError("QEMU_MISSING", {
      message: `${path} --version failed.`,
      hint: "reinstall QEMU",
      cause: error,
    });
  });
  const version = /version ([0-9.]+)/.exec(stdout)?.[1] ?? stdout.split("\n")[0] ?? "unknown";
  await explainWriteErrors(cacheFile, () => mkdir(dirname(cacheFile), { recursive: true }));
  // Machines that start at the same moment all write this file. Users may share a cache.
  await writeTextAtomically(cacheFile, version, { mode: 0o644 });
  return version;
}
