import { ConnectionLostError } from "../ssh/connection-lost.ts";
import type { ExecOptions, ExecResult } from "../ssh/exec.ts";
import { STOP_GRACE_MS } from "../ssh/process.ts";
import type { CommandOptions, CommandResult } from "./command.ts";
import { CommandError } from "./command-error.ts";
import { milliseconds } from "./duration.ts";
import type { Link } from "./link.ts";
import { asUser, checkLength, inPlace, type Become } from "./script.ts";

/** A machine as one of its users. */
export interface Seat {
  readonly name: string;
  readonly user: string;
  /** Missing when it is the user who logs in. */
  readonly become?: Become;
  readonly link: Link;
  /** Ends every command of the machine. */
  readonly signal?: AbortSignal;
}

export interface Line {
  /** For the shell. */
  readonly line: string;
  /** For people. @defaultValue the line */
  readonly command?: string;
}

/** The outcome of a command whose output is bytes. */
export interface RawResult {
  readonly result: CommandResult;
  readonly stdout: Buffer;
}

/**
 * Runs a line on a machine.
 *
 * @throws CommandError, but for `reject: false`
 * @throws VmrigError `CONNECTION_LOST` when the connection ended under it
 */
export async function run(seat: Seat, command: Line, options: CommandOptions): Promise<CommandResult> {
  return (await runRaw(seat, command, options)).result;
}

export async function runRaw(seat: Seat, command: Line, options: CommandOptions): Promise<RawResult> {
  const inside = inPlace(command.line, options);
  const script = checkLength(seat.become === undefined ? inside : asUser(seat.user, inside, seat.become));
  const signals = [options.signal, seat.signal].filter((signal) => signal !== undefined);
  const signal = signals.length > 1 ? AbortSignal.any(signals) : signals[0];
  const how: ExecOptions = {
    stopSignal: seat.become === undefined ? "KILL" : "TERM",
    ...(signal === undefined ? {} : { signal }),
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.timeout === undefined ? {} : { timeoutMs: milliseconds(options.timeout) }),
  };

  const raw = signal?.aborted === true ? NEVER_BEGAN : await send(seat.link, script, how, signal);
  const result = toResult(seat, command, raw, options.stripFinalNewline ?? true);
  // A machine that was taken away is not an outcome of the command, whatever the caller does with those.
  if (result.failed && ((options.reject ?? true) || seat.signal?.aborted === true)) {
    throw new CommandError(result, { notes: notes(raw), cause: result.isCanceled ? signal?.reason : undefined });
  }
  return { result, stdout: raw.stdout };
}

const NOTHING = Buffer.alloc(0);
const NEVER_BEGAN: ExecResult = { stdout: NOTHING, stderr: NOTHING, ended: "aborted", lingered: false, durationMs: 0 };

async function send(link: Link, script: string, how: ExecOptions, signal: AbortSignal | undefined): Promise<ExecResult> {
  const connection = await link();
  try {
    return await connection.exec(script, how);
  } catch (error) {
    if (signal?.aborted === true && error === signal.reason) return NEVER_BEGAN;
    // The connection turned out to be dead before the command was sent: a reboot or a rollback, which a test need not notice.
    if (!(error instanceof ConnectionLostError) || error.started) throw error;
    return (await link()).exec(script, how);
  }
}

function toResult(seat: Seat, { line, command = line }: Line, raw: ExecResult, strip: boolean): CommandResult {
  const text = (bytes: Buffer): string => (strip ? bytes.toString("utf8").replace(/\r?\n$/, "") : bytes.toString("utf8"));
  return {
    machine: seat.name,
    user: seat.user,
    command,
    stdout: text(raw.stdout),
    stderr: text(raw.stderr),
    exitCode: raw.exitCode,
    signal: raw.signal,
    durationMs: raw.durationMs,
    failed: raw.ended !== "exited" || raw.exitCode !== 0,
    timedOut: raw.ended === "timed-out",
    isCanceled: raw.ended === "aborted",
  };
}

function notes(raw: ExecResult): string[] {
  if (raw === NEVER_BEGAN) return ["it was not started"];
  if (raw.lingered) {
    return [
      `its shell had ended with ${raw.signal ?? raw.exitCode}, but something it left running keeps its output open: redirect that to a file`,
    ];
  }
  if (raw.ended === "exited" || raw.exitCode !== undefined || raw.signal !== undefined) return [];
  return [`the machine did not confirm its end within ${STOP_GRACE_MS / 1000} s`];
}
