import { stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { z } from "zod";
import { VmrigError } from "../errors/vmrig-error.ts";
import { rigSchema, type ResolvedRig } from "./schema.ts";

const NAMES = ["vmrig.config.ts", "vmrig.config.mts", "vmrig.config.js", "vmrig.config.mjs"] as const;

export interface LoadedRig {
  readonly rig: ResolvedRig;
  /** Absolute path of the file that it came from. */
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

/**
 * Loads a config from TypeScript or JavaScript without a build step, and checks it.
 *
 * @throws VmrigError `CONFIG_NOT_FOUND`, `CONFIG_UNREADABLE`, `CONFIG_INVALID`
 */
export async function loadConfig(file: string): Promise<LoadedRig> {
  if (!(await isFile(file))) {
    throw new VmrigError("CONFIG_NOT_FOUND", { message: `There is no config at ${file}.` });
  }
  let module: unknown;
  try {
    module = await importModule(file);
  } catch (cause) {
    throw new VmrigError("CONFIG_UNREADABLE", {
      message: `${file} could not be loaded: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    });
  }
  const value = typeof module === "object" && module !== null && "default" in module ? module.default : undefined;
  if (value === undefined) {
    throw new VmrigError("CONFIG_INVALID", { message: `${file} has no default export.`, hint: "write: export default defineRig({ … })" });
  }
  return { rig: checkConfig(value, file), file };
}

/** @throws VmrigError `CONFIG_INVALID` with one line per mistake: its path, the value, the fix. */
export function checkConfig(value: unknown, file: string): ResolvedRig {
  const parsed = rigSchema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  throw new VmrigError("CONFIG_INVALID", {
    message: `${file} has ${issues.length === 1 ? "a mistake" : `${issues.length} mistakes`}.`,
    details: issues.map(describe),
    hint: "the config's reference is docs/reference/config.md",
  });
}

async function importModule(file: string): Promise<unknown> {
  if (/\.m?ts$/.test(file) && !process.features.typescript) {
    // Node before 22.18 does not run TypeScript by itself.
    const { createJiti } = await import("jiti");
    return createJiti(import.meta.url).import(file);
  }
  return import(pathToFileURL(file).href);
}

function describe(issue: z.core.$ZodIssue): string {
  const path = issue.path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : /^[A-Za-z_]\w*$/.test(String(key)) ? `${text}${text && "."}${String(key)}` : `${text}[${JSON.stringify(String(key))}]`),
    "",
  );
  const at = path === "" ? "the config" : path;
  if (issue.code === "unrecognized_keys") return `${at}: does not know ${issue.keys.map((key) => `"${key}"`).join(", ")}`;
  if (issue.code === "invalid_key") return `${at}: ${issue.issues.map((inner) => inner.message).join("; ")}`;
  if (issue.input === undefined) return `${at}: is missing; ${issue.message}`;
  return `${at}: ${issue.message}, got ${show(issue.input)}`;
}

function show(value: unknown): string {
  if (typeof value === "function") return "a function";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isFile(),
    () => false,
  );
}
