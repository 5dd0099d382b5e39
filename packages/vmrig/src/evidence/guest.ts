import { isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import type { Machine } from "../machine/machine.ts";
import { quotePath } from "../machine/command/script.ts";

/** How much of a journal or a file is kept: its end. */
const TAIL_BYTES = 262_144;
const JOURNAL_LINES = 3_000;

/** A line whose output is what is kept. */
async function ask(machine: Machine, line: string, signal: AbortSignal): Promise<string> {
  const { stdout, stderr, exitCode, failed } = await machine.exec(
    "sh",
    ["-c", `LC_ALL=C; export LC_ALL; ${line}`],
    {
      reject: false,
      signal,
      stripFinalNewline: true,
    },
  );
  if (!failed) return stdout;
  signal.throwIfAborted();
  const said = stderr.trim().split("\n").at(-1) ?? "";
  throw new VmrigError("INSPECTION_FAILED", {
    message: said === "" ? `exit code ${exitCode}` : said,
  });
}

/** What a machine's clock may be behind without that being on purpose. */
const SLACK_S = 5;

/**
 * Lines of the machine's journal since a moment, with their time: journalctl(1). A clock that is
 * behind, as a test may set it, stamps what is new with an earlier time: the same span is then
 * counted from there, and may begin with lines of before.
 */
export function journal(machine: Machine, since: Date, signal: AbortSignal): Promise<string> {
  const from = since.getTime() / 1000;
  const age = Math.ceil(Date.now() / 1000 - from);
  const begin = `since=$(($(date +%s) - ${age})); [ "$since" -lt ${Math.floor(from) - SLACK_S} ] || since=${from.toFixed(3)}`;
  const lines = `journalctl --no-pager --quiet --output=short-iso-precise --lines=${JOURNAL_LINES} --since="@$since"`;
  return ask(
    machine,
    `${begin}; text=$(${lines}) || exit; printf %s "$text" | tail -c ${TAIL_BYTES}`,
    signal,
  );
}

/** Units of systemd that are not as they should be. */
export function units(machine: Machine, signal: AbortSignal): Promise<string> {
  const states = "failed,activating,deactivating,reloading,auto-restart";
  return ask(
    machine,
    `systemctl list-units --no-pager --plain --no-legend --full --all --state=${states}`,
    signal,
  );
}

/** The end of a file, with a word on what was cut. */
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
