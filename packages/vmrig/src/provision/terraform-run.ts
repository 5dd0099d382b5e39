import { readFile, rm } from "node:fs/promises";
import { execa } from "execa";
import { systemClock, type Clock } from "../clock/clock.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { binaryName, type TerraformBinary } from "./terraform-binary.ts";

/** How long vmrig waits for a Terraform that was asked to stop to save its state. */
const STOP_GRACE_MS = 60_000;

export interface TerraformRun {
  readonly args: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** A file that receives the output instead of a pipe. */
  readonly log?: string | undefined;
  /**
   * Called with the process id. Terraform starts when it has returned, and never when it throws: a
   * later run must know of a Terraform that may change machines.
   */
  readonly onStart?: (pid: number) => Promise<void>;
  readonly clock?: Clock;
}

export interface TerraformEnded {
  readonly exitCode: number;
  /** Empty with `log`. */
  readonly stdout: string;
  /** Complete output, including standard error and the log. */
  readonly output: string;
}

/**
 * Runs Terraform to its end, whatever its exit code is. When the signal aborts or the timeout
 * expires, Terraform gets one SIGTERM: it then kills the running step, marks the resource as
 * tainted, saves the state and exits. SIGKILL, or a second signal, would lose the state.
 *
 * Terraform runs in a separate process group, so that Ctrl-C in a terminal is not that second
 * signal. When this process dies, Terraform gets the SIGTERM, too: nothing can store its state any
 * more. With `log`, it also survives the moment until then: a write to a pipe without a reader would
 * kill it.
 *
 * @throws the signal's reason when it aborted, after Terraform ended
 * @throws VmrigError `TERRAFORM_FAILED` when it could not be started, or did not end in time
 */
export async function runTerraform(
  binary: TerraformBinary,
  run: TerraformRun,
): Promise<TerraformEnded> {
  const { signal, clock = systemClock } = run;
  // A new file: a Terraform that outlived its parent may still write to the old one.
  if (run.log !== undefined) await rm(run.log, { force: true });
  signal.throwIfAborted();
  const [command, ...args] = wrapped([binary.path, ...run.args], run.log);
  const fault = (what: string): VmrigError => failed(binary, run, what);
  const ended = new AbortController();
  try {
    const child = execa(command, args, {
      cwd: run.cwd,
      env: run.env,
      extendEnv: false,
      stdin: "pipe",
      all: true,
      reject: false,
      detached: true,
      forceKillAfterDelay: false,
    });
    // Ends the watcher of this process, which must not signal a later process with this pid.
    child.nodeChildProcess.once("exit", () => child.stdin.end("ended\n"));
    child.stdin.on("error", () => {});
    const timeUp = AbortSignal.timeout(run.timeoutMs);
    const stop = AbortSignal.any([signal, timeUp]);
    let started = false;
    const terminate = (): void => {
      // Otherwise the watcher would send a second signal when this process ends.
      child.stdin.end(started ? "stopped\n" : "");
      child.kill("SIGTERM");
    };
    stop.addEventListener("abort", terminate, { once: true, signal: ended.signal });
    try {
      if (child.pid !== undefined) await run.onStart?.(child.pid);
      if (!stop.aborted) {
        started = true;
        child.stdin.write("start\n");
      }
    } catch (error) {
      terminate();
      throw error;
    }
    const result = await Promise.race([child, graceOver(stop, ended.signal, clock)]);

    if (result === "still running") child.nodeChildProcess.unref();
    signal.throwIfAborted();
    if (result === "still running") {
      throw fault(
        `did not end within ${STOP_GRACE_MS / 1000} s of SIGTERM; process ${child.pid} is still running and locks the state`,
      );
    }
    if (timeUp.aborted) throw fault(`took longer than ${run.timeoutMs / 1000} s and was stopped`);
    if (result.signal !== undefined)
      throw fault(`was ended by ${result.signal}, which vmrig did not send`);
    if (result.exitCode === undefined) throw fault(`did not start: ${result.shortMessage}`);
    return {
      exitCode: result.exitCode,
      stdout: result.stdout,
      output: `${result.all}${await logged(run.log)}`,
    };
  } finally {
    ended.abort();
  }
}

/**
 * Wraps the command in a shell that sets the umask for Terraform alone, because Terraform writes
 * its state with the umask of its parent. `exec` keeps the process, so that a signal reaches
 * Terraform. The shell waits for a line before that. A watcher stays beside it: it reads a line when
 * Terraform has ended, and the end of the pipe when this process is gone. Windows has neither a umask
 * nor a SIGTERM.
 */
function wrapped(
  words: readonly [string, ...string[]],
  log: string | undefined,
): readonly [string, ...string[]] {
  if (process.platform === "win32") return words;
  return [
    "/bin/sh",
    "-c",
    `umask 077 && read -r start && exec 3<&0 && { { read -r ended <&3 || kill -TERM $$; } >/dev/null 2>&1 & } && exec "$@" </dev/null 3<&-${log === undefined ? "" : ' >"$0" 2>&1'}`,
    log ?? "terraform",
    ...words,
  ];
}

async function logged(path: string | undefined): Promise<string> {
  return path === undefined ? "" : await readFile(path, "utf8").catch(() => "");
}

async function graceOver(
  stop: AbortSignal,
  ended: AbortSignal,
  clock: Clock,
): Promise<"still running"> {
  return await new Promise((resolve) => {
    const wait = (): void => {
      clock.sleep(STOP_GRACE_MS, ended).then(
        () => resolve("still running"),
        () => {},
      );
    };
    if (stop.aborted) wait();
    else stop.addEventListener("abort", wait, { once: true, signal: ended });
  });
}

function failed(binary: TerraformBinary, run: TerraformRun, what: string): VmrigError {
  return new VmrigError("TERRAFORM_FAILED", {
    message: `\`${binaryName(binary)} ${run.args[0]}\` in ${run.cwd} ${what}.`,
    ...(run.log === undefined ? {} : { hint: `see its log: ${run.log}` }),
  });
}
