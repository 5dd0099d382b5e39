import { SetupError } from "./setup/setup-error.mjs";

/**
 * @typedef {object} Task
 * @property {string} command looked up on the PATH of the setup, where Node and this folder's
 *   programs come first
 * @property {string[]} args
 * @property {string} folder relative to the repository
 * @property {true} [tests] whether the task needs what only the tests use
 * @property {true} [remote] whether the task works on a cloud only: it needs no machine and no build,
 *   and other programs read its output
 */

/** Folders in `examples/` that need nothing but this computer. The first one is the default. */
export const EXAMPLES = ["two-machines", "service-under-test", "two-node-cluster", "terminal-app"];

/** @type {Record<string, (args: string[]) => Task>} */
const TASKS = {
  demo: (args) => {
    const [named = "", ...others] = args;
    const [example, rest] = EXAMPLES.includes(named) ? [named, others] : [EXAMPLES[0], args];
    return { command: "vitest", args: ["run", ...rest], folder: `examples/${example}` };
  },
  test: (args) => ({ command: "vitest", args: ["run", ...args], folder: ".", tests: true }),
  long: (args) => ({
    command: "vitest",
    args: ["run", "--config", "vitest.long.config.ts", ...args],
    folder: ".",
    tests: true,
  }),
  bench: (args) => ({ command: "node", args: ["bench/main.ts", ...args], folder: "." }),
  chaos: (args) => ({ command: "node", args: ["chaos/main.ts", ...args], folder: "." }),
  check: (args) => ({ command: "node", args: ["scripts/check.mjs", ...args], folder: "." }),
  infra: (args) => ({
    command: "node",
    args: ["infra/control-plane/main.ts", ...args],
    folder: ".",
    remote: true,
  }),
};

/**
 * @param {string} name
 * @param {string[]} args passed on to the task's program
 * @returns {Task}
 */
export function taskNamed(name, args) {
  const task = TASKS[name];
  if (task === undefined)
    throw new SetupError(`There is no task "${name}".`, [
      `tasks: ${Object.keys(TASKS).join(", ")}`,
    ]);
  return task(args);
}
