import { spawn } from "node:child_process";
import { constants } from "node:os";

/**
 * @typedef {object} ChildOptions
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 */

const FORWARDED = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);

/**
 * Signals that a terminal sends to every process of the foreground group, so the child already has
 * them. A second signal would interrupt the cleanup that the first one started.
 */
const TERMINAL = new Set(["SIGINT", "SIGHUP"]);

/**
 * Runs a program with this process's own stdio, passes signals on to it and waits until it ends.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {ChildOptions} [options]
 * @returns {Promise<number>} its exit code; 128 plus the signal's number when a signal ended it, as
 *   a shell reports it
 */
export function runChild(command, args, options = {}) {
  return follow(spawn(command, args, { ...options, stdio: "inherit" }));
}

/**
 * Runs a program and returns its output.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {ChildOptions} [options]
 * @returns {Promise<{ code: number, stdout: string, output: string }>} `output` is stdout and
 *   stderr as they came
 */
export async function captureChild(command, args, options = {}) {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => (output += text));
  return { code: await follow(child), stdout, output };
}

/**
 * @param {import("node:child_process").ChildProcess} child
 * @returns {Promise<number>}
 */
async function follow(child) {
  const atTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const sent = new Set();
  /** @param {NodeJS.Signals} signal */
  const forward = (signal) => {
    // Each signal once: npm forwards its signals, so a signal to the whole group arrives here
    // twice.
    if (sent.has(signal) || (atTerminal && TERMINAL.has(signal))) return;
    sent.add(signal);
    child.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  try {
    return await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) =>
        resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]),
      );
    });
  } finally {
    for (const signal of FORWARDED) process.off(signal, forward);
  }
}
