import { VmrigError, type Fence } from "vmrig/driver";
import { EXIT } from "./script/exit-codes.ts";
import type { RootShell } from "./root-shell.ts";

/** Where a script runs. */
export interface Place {
  /** Name of the copy, for hints. */
  readonly copy: string;
  /** Name of the machine, for errors. */
  readonly machine: string;
  readonly shell: RootShell;
  readonly signal: AbortSignal;
}

export interface ScriptRun extends Place {
  readonly script: string;
  /** What the script does, as it reads after "cannot": `capture baseline-1`. */
  readonly task: string;
  /** Left out for a script that changes nothing. */
  readonly fence?: Fence;
  readonly args?: readonly string[];
  /** Exit codes that are an answer. @defaultValue only 0 */
  readonly answers?: readonly number[];
  /** @defaultValue 120_000 */
  readonly timeoutMs?: number;
}

/**
 * Runs a script in the machine, and returns its exit code and output.
 *
 * @throws VmrigError `FENCED`, `ROLLBACK_FAILED` with what the script said; what the shell throws
 */
export async function runScript(run: ScriptRun): Promise<{ code: number; stdout: string }> {
  const { shell, signal, fence, args = [], answers = [0], timeoutMs = 120_000 } = run;
  const { code, stdout, stderr } = await shell.run(run.script, {
    args: fence === undefined ? args : [String(fence), ...args],
    timeoutMs,
    signal,
  });
  if (answers.includes(code)) return { code, stdout };
  throw scriptError(run, { code, stdout, stderr });
}

function scriptError(
  { copy, machine, task, fence }: ScriptRun,
  { code, stdout, stderr }: { code: number; stdout: string; stderr: string },
): VmrigError {
  const said = lines(stdout);
  switch (code) {
    case EXIT.fenced:
      return new VmrigError("FENCED", {
        message: `${machine} refuses fence ${fence}: it has seen ${said[0] ?? "a larger one"}.`,
        hint: "this run lost its lease, and another run has used the machine since: start the run again",
      });
    case EXIT.fenceUnreadable:
      return failed("the largest fence that the machine has seen cannot be read", {
        details: ["/.snapshots/.vmrig/fence is damaged; it may have been written by a test"],
        hint: `replace the machine with \`vmrig up --copy ${copy} --replace ${machine}\`: without its fence, a run that lost its lease could change it`,
      });
    case EXIT.locked:
      return failed("another run of vmrig has worked on the machine's disk for a minute");
    case EXIT.layout:
      return failed("its disk does not have the layout of a vmrig image", { details: said });
    case EXIT.missing:
      return failed("there is no such snapshot, or it is incomplete");
    case EXIT.damaged:
      return failed("the snapshot is not what was captured", {
        details: said,
        hint: "something in the machine changed /.snapshots: capture the snapshot again",
      });
    case EXIT.full:
      return failed("its disk has no space for a snapshot", {
        details: lines(stderr),
        hint: "give the machine a larger disk, or capture less data",
      });
    case EXIT.nested:
      return failed("a snapshot leaves out the btrfs subvolumes inside of / and /home", {
        details: said,
        hint: "replace each by a folder, or delete it, before the capture",
      });
    default:
      return failed(`the script ended with code ${code}`, { details: lines(stderr) });
  }

  function failed(why: string, facts: { details?: string[]; hint?: string } = {}): VmrigError {
    return new VmrigError("ROLLBACK_FAILED", {
      message: `${machine} cannot ${task}: ${why}.`,
      ...facts,
    });
  }
}

/** Returns the last lines of an output, which a test may have influenced: bounded. */
function lines(text: string): string[] {
  return text
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .slice(-8)
    .map((line) => line.slice(0, 300));
}
