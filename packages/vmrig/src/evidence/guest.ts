import { systemClock } from "../clock/clock.ts";
import { isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import { inspectionFailed } from "./inspection-failed.ts";
import { runFramed } from "../machine/command/frame/run-framed.ts";
import type { Machine } from "../machine/machine.ts";
import { quotePath } from "../ssh/quote.ts";

/** Size of the retained end of a journal or file. */
const TAIL_BYTES = 262_144;
const JOURNAL_LINES = 3_000;

/** Runs a command line and returns its output. */
async function ask(machine: Machine, line: string, signal: AbortSignal): Promise<string> {
  const { stdout, stderr, exitCode, failed } = await runFramed(
    machine,
    `LC_ALL=C; export LC_ALL; ${line}`,
    { signal },
  ).catch(inspectionFailed);
  if (!failed) return stdout.replace(/\n$/, "");
  signal.throwIfAborted();
  const reason = stderr.trim().split("\n").at(-1) ?? "";
  throw new VmrigError("INSPECTION_FAILED", {
    message: reason === "" ? `exit code ${exitCode}` : reason,
  });
}

/** Largest lag of a machine's clock that is not considered deliberate. */
const SLACK_S = 5;

/**
 * Returns the lines of the machine's journal since a time, with timestamps: journalctl(1). If a
 * test has set the clock back, new lines have earlier timestamps. The same time span is then
 * counted back from the machine's clock, and may include older lines.
 */
export function journal(machine: Machine, since: Date, signal: AbortSignal): Promise<string> {
  const from = since.getTime() / 1000;
  const age = Math.ceil(systemClock.wall() / 1000 - from);
  const begin = `since=$(($(date +%s) - ${age})); [ "$since" -lt ${Math.floor(from) - SLACK_S} ] || since=${from.toFixed(3)}`;
  const lines = `journalctl --no-pager --quiet --output=short-iso-precise --lines=${JOURNAL_LINES} --since="@$since"`;
  return ask(
    machine,
    `${begin}; text=$(${lines}) || exit; printf %s "$text" | tail -c ${TAIL_BYTES}`,
    signal,
  );
}

/** Returns the failed and pending systemd units. */
export function units(machine: Machine, signal: AbortSignal): Promise<string> {
  const states = "failed,activating,deactivating,reloading,auto-restart";
  return ask(
    machine,
    `systemctl list-units --no-pager --plain --no-legend --full --all --state=${states}`,
    signal,
  );
}

/** Returns the end of a file, with a note if the beginning was cut. */
export function fileTail(machine: Machine, path: string, signal: AbortSignal): Promise<string> {
  const target = quotePath(path);
  const cut = `s=$(wc -c <${target}) || exit; [ "$s" -le ${TAIL_BYTES} ] || echo "(the last ${TAIL_BYTES} of $s bytes)"`;
  return ask(machine, `${cut}; tail -c ${TAIL_BYTES} <${target}`, signal);
}

export function whyNot(error: unknown): string {
  const words = isVmrigError(error)
    ? error.summary
    : error instanceof Error
      ? error.message
      : String(error);
  return (words.split("\n")[0] ?? "").replace(/\.$/, "");
}
