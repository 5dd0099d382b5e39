import type { Environment } from "vitest/runtime";
import type { FileOptions } from "./options.ts";

const KEY = Symbol.for("vmrig.fileOptions");

/** The options of the file that runs now, from its docblock. */
export function fileOptions(): FileOptions {
  return (globalThis as { [KEY]?: FileOptions })[KEY] ?? {};
}

/**
 * Thin on purpose: Vitest gives an environment 60 s, cannot be told otherwise, and runs its
 * teardown while the next file runs. So this one only carries a file's options; machines are
 * claimed by the set-up file.
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
 * Vitest passes the config's whole `environmentOptions`; a docblock replaces it, and stands under
 * the environment's name as the config writes it, which is a path. In a docblock both
 * `{ "rollback": "test" }` and `{ "vmrig": { "rollback": "test" } }` will do.
 */
function ownOptions(options: Record<string, unknown>): unknown {
  const [first] = Object.values(options);
  return options["vmrig"] ?? (isRecord(first) ? (first["vmrig"] ?? first) : {});
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

export default environment;
