import { systemClock, type Clock } from "../clock/clock.ts";
import type { GuestKind } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { SshConnection } from "../ssh/ssh-connection.ts";
import type { ExecResult } from "../ssh/exec.ts";
import { guestOf, type Guest } from "./guest.ts";
import { HELD_TIMERS, HOLD_TIMERS, RELEASE_TIMERS } from "./timers.ts";

export interface ProofOptions {
  /** Name for errors. */
  readonly machine: string;
  /** Baseline at which the machine must be. */
  readonly baseline: string;
  readonly guest: GuestKind;
  /**
   * Nonce that this proof leaves on the machine. One nonce per rollback: connections with the same
   * nonce prove the same rollback.
   */
  readonly nonce: string;
  /**
   * Nonce that the machine had when the restored state was captured.
   *
   * @defaultValue nothing, as in a baseline
   */
  readonly was?: string;
  /**
   * Random UUIDs that the machines returned to earlier proofs, of other rollbacks or of this one.
   * The proof adds its own.
   *
   * @defaultValue none, so that a repetition is not detected
   */
  readonly drawn?: Set<string>;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/**
 * Longer than the slowest emulated machine needs under load. A machine that hangs is not at its
 * baseline.
 */
const PROOF_MS = 60_000;

/**
 * Proves a rollback over an unused connection: the lease's key logs in and a command runs; the
 * machine is at the expected baseline; the nonce of the last proof is gone; the kernel's random
 * numbers do not repeat. Also steps the clock, which shows the time of the snapshot, and leaves a
 * nonce for the next proof. Several connections may prove the same rollback: the proof passes again
 * with its own nonce.
 *
 * @throws VmrigError `ROLLBACK_FAILED` with the output of the machine
 */
export async function prove(
  connection: Pick<SshConnection, "exec">,
  options: ProofOptions,
): Promise<void> {
  const { machine, baseline, nonce, was, drawn, signal, clock = systemClock } = options;
  const passed = `vmrig-proof ${nonce} passed `;
  const script = proofScript(guestOf(options.guest), { baseline, nonce, was, now: clock.wall() });
  const result = await connection.exec(script, {
    timeoutMs: PROOF_MS,
    ...(signal !== undefined && { signal }),
  });
  // The marker line may be surrounded by output of the shell's start-up files.
  const lines = result.stdout.toString("latin1").split("\n");
  const uuid = lines
    .find((line) => line.includes(passed))
    ?.split(passed)
    .at(-1);
  if (uuid !== undefined) {
    if (uuid === "") {
      if (guestOf(options.guest).randomUuid === undefined) return;
      throw new VmrigError("ROLLBACK_FAILED", {
        message: `The kernel of ${machine} returned no random UUID.`,
        hint: "the test user must be able to read /proc/sys/kernel/random/uuid",
      });
    }
    if (drawn?.has(uuid) === true) throw repetition(machine, uuid);
    drawn?.add(uuid);
    return;
  }
  signal?.throwIfAborted();
  throw failure(machine, baseline, result, await foreignShell(connection, result, signal));
}

export interface NonceOptions extends Pick<ProofOptions, "machine" | "guest" | "nonce"> {
  /** What happens to the machine's timers: see `Recipe.timers`. */
  readonly timers: "hold" | "release";
}

/** Writes a nonce to a machine before or after a capture, for {@link ProofOptions.was}. */
export async function leaveNonce(
  connection: Pick<SshConnection, "exec">,
  { machine, guest, nonce, timers }: NonceOptions,
): Promise<void> {
  const { proofFolder: folder, system } = guestOf(guest);
  const switched = system ? `${timers === "hold" ? HOLD : RELEASE} && ` : "";
  const result = await connection.exec(
    `${switched}echo ${nonce} >| ${folder}/nonce && printf 'vmrig-nonce %s\\n' ${nonce}`,
    { timeoutMs: PROOF_MS },
  );
  // A startup file that exits would leave no nonce and the exit code 0.
  if (result.stdout.includes(`vmrig-nonce ${nonce}\n`)) return;
  throw new VmrigError("FAULT_FAILED", {
    message: `Could not write the checkpoint's nonce on ${machine}.`,
    details: [
      ...outputLines(result),
      ending(result),
      ...(result.exitCode === 0 ? [NOT_BEGUN] : []),
    ],
  });
}

/** Returns a word that is different after each boot. */
export async function bootId(
  connection: Pick<SshConnection, "exec">,
  kind: GuestKind,
): Promise<string> {
  const mark = "vmrig-boot ";
  // Startup files of the login shell may print before and after the word, and also this line.
  const line = `printf 'vmrig-%s %s\\n' boot "$(${guestOf(kind).bootId})"`;
  const result = await connection.exec(line, { timeoutMs: PROOF_MS });
  const lines = result.stdout.toString("utf8").split("\n");
  const word = lines.map((one) => one.slice(one.indexOf(mark))).find((one) => one.startsWith(mark));
  if (word !== undefined) return word.slice(mark.length).trim();
  throw new VmrigError("FAULT_FAILED", {
    message: "Could not read the boot id.",
    details: [ending(result), ...(result.exitCode === 0 ? [NOT_BEGUN] : [])],
  });
}

export const NOT_BEGUN = "a startup file of the login shell exits or replaces the shell";

interface ProofScript {
  readonly baseline: string;
  readonly nonce: string;
  readonly was: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Returns the proof's script. Except for the clock's step it uses shell built-ins only: each
 * program costs 50 ms on an emulated machine.
 */
function proofScript(
  { proofFolder: folder, stepClock, randomUuid }: Guest,
  { baseline, nonce, was, now }: ProofScript,
): string {
  const step =
    stepClock === undefined
      ? ""
      : `${stepClock} -s @${(now / 1000).toFixed(3)} >/dev/null && ${RELEASE} && `;
  return [
    `b=; n=; read -r b < ${folder}/baseline; [ ! -e ${folder}/nonce ] || read -r n < ${folder}/nonce`,
    `case "$b/$n" in`,
    `${baseline}/${was ?? ""}) ${step}echo ${nonce} >| ${folder}/nonce || exit 97 ;;`,
    // After a checkpoint the nonce of this rollback would mean that no restore took place.
    ...(was === undefined ? [`${baseline}/${nonce}) ;;`] : []),
    `*) echo "vmrig-proof failed: baseline '$b', nonce '$n'"; exit 97 ;;`,
    `esac`,
    randomUuid === undefined ? "r=" : `read -r r < ${randomUuid}`,
    // Only a shell that has read the baseline completes this word. csh continues after each line
    // that it cannot parse, and reaches this one.
    `echo 'vmrig-proof ${nonce}'"\${b:+ passed $r}"`,
  ].join("\n");
}

/** Both are installed unless the recipe lets timers run. `sudo` runs only where timers are held. */
const HOLD = `{ [ ! -e ${HOLD_TIMERS} ] || sudo -n ${HOLD_TIMERS} >/dev/null; }`;
const RELEASE = `{ [ ! -e ${HELD_TIMERS} ] || sudo -n ${RELEASE_TIMERS} >/dev/null; }`;

const POSIX_SHELL = /\/(?:a|da|ba|k|mk|z|ya)?sh$/;
const SHELL_MS = 5_000;

/** Returns the login shell when it cannot run the script. Every shell can run this line. */
async function foreignShell(
  connection: Pick<SshConnection, "exec">,
  { ended }: ExecResult,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  if (ended !== "exited") return undefined;
  const asked = connection.exec("echo $SHELL", {
    timeoutMs: SHELL_MS,
    ...(signal !== undefined && { signal }),
  });
  const shell = (await asked.catch(() => undefined))?.stdout.toString("utf8").trim() ?? "";
  return /^\/\S+$/.test(shell) && !POSIX_SHELL.test(shell) ? shell : undefined;
}

function failure(
  machine: string,
  baseline: string,
  result: ExecResult,
  foreign: string | undefined,
): VmrigError {
  return new VmrigError("ROLLBACK_FAILED", {
    message: `Could not verify that ${machine} is at its baseline ${baseline}.`,
    details: [
      ...outputLines(result),
      ending(result),
      ...(foreign === undefined ? [] : [`login shell: ${foreign}`]),
    ],
    hint:
      foreign === undefined
        ? "no test ran on it; the next run rolls it back again"
        : "give the test user a POSIX login shell: sh, dash, bash, ksh or zsh",
  });
}

function outputLines({ stdout, stderr }: ExecResult): string[] {
  return `${stdout.toString("utf8")}\n${stderr.toString("utf8")}`
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-6)
    .map((line) => `output: ${line}`);
}

/** The kernel of a restored machine continues the random numbers of its snapshot. */
function repetition(machine: string, uuid: string): VmrigError {
  return new VmrigError("ROLLBACK_FAILED", {
    message: `The random numbers of ${machine} repeat after the rollback.`,
    details: [`its kernel returned the UUID ${uuid} a second time`],
    hint: "the guest needs a kernel that reseeds for a new VM generation ID: Linux 5.18 or newer",
  });
}

function ending({ ended, exitCode }: ExecResult): string {
  if (ended === "exited") return `exit code ${exitCode ?? "none"}`;
  return ended === "timed-out" ? `no result within ${PROOF_MS / 1000} s` : "aborted";
}
