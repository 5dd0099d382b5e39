import { stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { systemClock, type Clock } from "../clock/clock.ts";
import { describeThrown } from "../errors/thrown.ts";
import { isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import { inTime } from "../wait/in-time.ts";
import type { ResolvedRig } from "./schema.ts";

const NAMES = [
  "vmrig.config.ts",
  "vmrig.config.mts",
  "vmrig.config.js",
  "vmrig.config.mjs",
] as const;

export interface LoadedRig {
  readonly rig: ResolvedRig;
  /** Absolute path of the config. */
  readonly file: string;
}

/**
 * Finds the config in `from` or a folder above it.
 *
 * @throws VmrigError `CONFIG_NOT_FOUND`
 */
export async function findConfig(from: string): Promise<string> {
  const looked: string[] = [];
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    for (const name of NAMES) {
      const file = join(folder, name);
      if (await isFile(file)) return file;
    }
    looked.push(folder);
    if (dirname(folder) === folder) break;
  }
  throw new VmrigError("CONFIG_NOT_FOUND", {
    message: `There is no vmrig.config.ts in ${looked[0]} or a folder above it.`,
    hint: 'write one: export default defineRig({ name: "pcs", driver: qemu(), machines: { pc1: {} } })',
  });
}

export interface LoadOptions {
  readonly clock?: Clock;
}

const LOAD_MS = 60_000;

/**
 * Loads a config from TypeScript or JavaScript without a build step, and checks it.
 *
 * @throws VmrigError `CONFIG_NOT_FOUND`, `CONFIG_UNREADABLE`, `CONFIG_INVALID`
 */
export async function loadConfig(
  path: string,
  { clock = systemClock }: LoadOptions = {},
): Promise<LoadedRig> {
  const file = resolve(path);
  if (!(await isFile(file))) {
    throw new VmrigError("CONFIG_NOT_FOUND", {
      message: `There is no config at ${file}.`,
      hint: "name an existing file, or omit `--config` (the plugin's option `config`) to search the project's folder and the folders above it for `vmrig.config.ts`",
    });
  }
  let module: unknown;
  try {
    module = await inTime(importModule(file), {
      timeoutMs: LOAD_MS,
      clock,
      late: () => stillLoading(file),
    });
  } catch (cause) {
    throw isVmrigError(cause) ? cause : unreadable(file, cause);
  }
  const value =
    typeof module === "object" && module !== null && "default" in module
      ? module.default
      : undefined;
  if (value === undefined) {
    throw new VmrigError("CONFIG_INVALID", {
      message: `${file} has no default export.`,
      hint: "write: export default defineRig({ … })",
    });
  }
  const { checkConfig } = await import("./check.ts");
  return { rig: checkConfig(value, file), file };
}

async function importModule(file: string): Promise<unknown> {
  if (/\.m?ts$/.test(file) && !process.features.typescript) {
    // Node.js before 22.18 cannot run TypeScript directly.
    const { createJiti } = await import("jiti");
    return createJiti(import.meta.url).import(file);
  }
  return import(pathToFileURL(file).href);
}

/** A config is a program: a top-level `await` in it may never end. */
function stillLoading(file: string): VmrigError {
  return new VmrigError("CONFIG_UNREADABLE", {
    message: `Loading ${file} took more than ${LOAD_MS / 1000} s.`,
    hint: "look for a top-level `await` that never ends, in this file or in a module that it imports",
  });
}

function unreadable(file: string, cause: unknown): VmrigError {
  const [said = "", ...more] = (
    cause instanceof Error ? cause.message : describeThrown(cause)
  ).split("\n");
  const unsupported =
    cause instanceof Error && "code" in cause && cause.code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX";
  return new VmrigError("CONFIG_UNREADABLE", {
    message: `${file} could not be loaded: ${said}`,
    details: [...more, ...place(cause)],
    ...(unsupported
      ? {
          hint: "Node.js only strips types: write the config without enums, namespaces and parameter properties",
        }
      : {}),
    cause,
  });
}

/**
 * Returns the source lines of an error. Node.js shows the line of a syntax error before the stack;
 * for a thrown error the stack frames outside of Node.js show the place.
 */
function place(cause: unknown): string[] {
  const lines = (cause instanceof Error ? (cause.stack ?? "") : "").split("\n");
  const title = lines.findIndex((line) => /^\w*Error\b/.test(line));
  const shown = lines.slice(0, Math.max(0, title)).filter((line) => line.trim() !== "");
  const frames = lines
    .map((line) => line.trim())
    .filter((line) => /^at .*(file:\/\/|\()?\//.test(line) && !line.includes("node:"));
  return shown.length > 0 ? shown : frames.slice(0, 3);
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isFile(),
    () => false,
  );
}
