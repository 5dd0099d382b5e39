import { dirname, resolve } from "node:path";
import { inspect } from "node:util";
import type { z } from "zod";
import { VmrigError } from "../errors/vmrig-error.ts";
import { rigSchema, type ResolvedRig } from "./schema.ts";

/**
 * Checks a config, and fills in its defaults.
 *
 * @param file path of the config: relative paths in it begin at its folder
 * @throws VmrigError `CONFIG_INVALID` with one line per mistake: its path, the value, the fix.
 */
export function checkConfig(value: unknown, file: string): ResolvedRig {
  const parsed = rigSchema.safeParse(value, { reportInput: true });
  if (parsed.success) return withFilesFrom(dirname(resolve(file)), parsed.data);
  const { issues } = parsed.error;
  throw new VmrigError("CONFIG_INVALID", {
    message: `${file} has ${issues.length === 1 ? "a mistake" : `${issues.length} mistakes`}.`,
    details: issues.flatMap((issue) => describe(issue)),
    hint: 'all settings are in "Config" of the docs',
  });
}

function withFilesFrom(folder: string, rig: ResolvedRig): ResolvedRig {
  if (rig.redis?.tls === undefined) return rig;
  const { servername, ...files } = rig.redis.tls;
  const tls = Object.fromEntries(
    Object.entries(files).map(([name, path]) => [
      name,
      path === undefined ? path : resolve(folder, path),
    ]),
  );
  return {
    ...rig,
    redis: { ...rig.redis, tls: { ...tls, ...(servername === undefined ? {} : { servername }) } },
  };
}

/**
 * Returns one line for a mistake, or one per inner mistake when the value matches one of several
 * forms.
 */
function describe(issue: z.core.$ZodIssue, above: readonly PropertyKey[] = []): string[] {
  const path = [...above, ...issue.path];
  const at = path.length === 0 ? "the config" : spell(path);
  if (issue.code === "unrecognized_keys") return [`${at}: ${issue.message}`];
  if (issue.code === "invalid_key") return issue.issues.map((inner) => `${at}: ${inner.message}`);
  if (issue.code === "invalid_union") {
    // The intended form is the one with the deeper mistakes.
    const chosen = issue.errors.find((way) => way.every((inner) => inner.path.length > 0));
    if (chosen !== undefined) return chosen.flatMap((inner) => describe(inner, path));
  }
  // The schema defines no message here. zod's is "Invalid input: expected string, received
  // number".
  const message = issue.message
    .replace(/^[A-Z][a-z ]+: (?=expected)/, "")
    .replace(/, received .*$/, "");
  if (issue.input === undefined) return [`${at}: is missing; ${message}`];
  return [
    `${at}: ${message}, got ${at.startsWith("redis.url") ? showUrl(issue.input) : show(issue.input)}`,
  ];
}

/** Spells a path as in source code: `machines.pc1.prepare.files["/etc/motd"].mode`. */
function spell(path: readonly PropertyKey[]): string {
  const [first, ...rest] = path.map((key) => {
    if (typeof key === "number") return `[${key}]`;
    return /^[A-Za-z_]\w*$/.test(String(key))
      ? `.${String(key)}`
      : `[${JSON.stringify(String(key))}]`;
  });
  return [first?.replace(/^\./, ""), ...rest].join("");
}

/** Shows a value that may contain a password. */
function showUrl(value: unknown): string {
  if (Array.isArray(value)) return value.length === 1 ? "1 entry" : `${value.length} entries`;
  return "another text";
}

function show(value: unknown): string {
  if (typeof value === "function") return "a function";
  const text =
    typeof value === "string"
      ? JSON.stringify(value)
      : inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY });
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
