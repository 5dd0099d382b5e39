import type { Environment } from "vitest/runtime";
// Captures the real timers and clocks before the first setup file or test can replace them.
import "vmrig/worker";
import type { FileOptions } from "../options.ts";

const KEY = Symbol.for("vmrig.fileOptions");

/** Returns the options of the current test file, from its docblock. */
export function fileOptions(): FileOptions {
  return (globalThis as { [KEY]?: FileOptions })[KEY] ?? {};
}

/**
 * The environment is thin on purpose. Vitest limits an environment's setup to 60 s, does not let a
 * plugin change that limit, and runs the teardown while the next file runs. So the environment only
 * carries a file's options; the setup file claims the machines.
 */
const environment: Environment = {
  name: "vmrig",
  viteEnvironment: "ssr",
  setup(global: { [KEY]?: unknown }, options) {
    global[KEY] = ownOptions(options);
    return {
      teardown: (left: { [KEY]?: unknown }) => {
        delete left[KEY];
      },
    };
  },
};

/**
 * Reads vmrig's options. Vitest passes the config's whole `environmentOptions`. A docblock replaces
 * them, under the name of the environment as the config writes it, which is a path. In a docblock
 * both `{ "rollback": "test" }` and `{ "vmrig": { "rollback": "test" } }` work.
 */
function ownOptions(options: Record<string, unknown>): unknown {
  const [first] = Object.values(options);
  return options["vmrig"] ?? (isRecord(first) ? (first["vmrig"] ?? first) : {});
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

export default environment;
