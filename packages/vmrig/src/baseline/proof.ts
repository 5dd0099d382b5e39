import { systemClock, type Clock } from "../clock/clock.ts";
import type { GuestKind } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { SshConnection } from "../ssh/connection.ts";
import type { ExecResult } from "../ssh/exec.ts";
import { guestOf, type Guest } from "./guest.ts";

export interface ProofOptions {
  /** For errors. */
  readonly machine: string;
  /** The baseline that the machine must be at. */
  readonly baseline: string;
  readonly guest: GuestKind;
  /**
   * Left on the machine by this proof. One nonce per rollback: connections that share it prove the
   * same one.
   */
  readonly nonce: string;
  /**
   * What was left there when the state was kept that was brought back.
   *
   * @defaultValue nothing, as in a baseline
   */
  readonly was?: string;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/**
 * Longer than the slowest emulated machine needs under load; one that hangs is not at its baseline.
 */
const PROOF_MS = 60_000;

/**
 * Proves a rollback over a connection that nothing was run on yet: that the lease's key gets in and
 * a command runs, that the machine is at the expected baseline, and that the nonce which the last
 * proof left there is gone. It also steps the clock, which stands where the snapshot was taken, and
 * leaves a nonce for the next proof.
 *
 * Several connections may prove the same rollback: it passes again with its own nonce.
 *
 * @throws VmrigError `ROLLBACK_FAILED` with what the machine said
 */
export async function prove(
  connection: Pick<SshConnection, "exec">,
  options: ProofOptions,
): Promise<void> {
  const { machine, baseline, nonce, was, signal, clock = systemClock } = options;
  const passed = `vmrig-proof ${nonce} passed`;
  const script = proofScript(guestOf(options.guest), { baseline, nonce, was, now: clock.wall() });
  const result = await connection.exec(script, {
    timeoutMs: PROOF_MS,
    ...(signal !== undefined && { signal }),
  });
  // Whatever a shell's start-up files print stands around it.
  if (result.stdout.toString("latin1").split("\n").includes(passed)) return;
  signal?.throwIfAborted();
  throw failure(machine, baseline, result, await foreignShell(connection, result, signal));
}

/** Has a machine keep a nonce in what is captured next, for {@link ProofOptions.was}. */
export async function leaveNonce(
  connection: Pick<SshConnection, "exec">,
  options: Pick<ProofOptions, "machine" | "guest" | "nonce">,
): Promise<void> {
  const { machine, guest, nonce } = options;
  const result = await connection.exec(`echo ${nonce} > ${guestOf(guest).proofFolder}/nonce`, {
    timeoutMs: PROOF_MS,
  });
  if (result.exitCode === 0) return;
  throw new VmrigError("FAULT_FAILED", {
    message: `${machine} does not take what its checkpoint is proven by.`,
    details: [ending(result)],
  });
}

/** A word that is another one after each boot. */
export async function bootId(
  connection: Pick<SshConnection, "exec">,
  kind: GuestKind,
): Promise<string> {
  const { stdout } = await connection.exec(guestOf(kind).bootId, { timeoutMs: PROOF_MS });
  return stdout.toString("utf8").trim();
}

interface ProofScript {
  readonly baseline: string;
  readonly nonce: string;
  readonly was: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Only what the shell has built in, but for the clock's step: each program that an emulated machine
 * starts costs 50 ms.
 */
function proofScript(
  { proofFolder: folder, stepClock }: Guest,
  { baseline, nonce, was, now }: ProofScript,
): string {
  const step =
    stepClock === undefined ? "" : `${stepClock} -s @${(now / 1000).toFixed(3)} >/dev/null && `;
  return [
    `b=; n=; read -r b < ${folder}/baseline; [ ! -e ${folder}/nonce ] || read -r n < ${folder}/nonce`,
    `case "$b/$n" in`,
    `${baseline}/${was ?? ""}) ${step}echo ${nonce} > ${folder}/nonce || exit 97 ;;`,
    // After a checkpoint it would say that nothing was brought back.
    ...(was === undefined ? [`${baseline}/${nonce}) ;;`] : []),
    `*) echo "vmrig-proof failed: baseline '$b', nonce '$n'"; exit 97 ;;`,
    `esac`,
    // Put together by a shell that has read the baseline: csh goes on behind each line that it does
    // not know, down to this one.
    `echo 'vmrig-proof ${nonce}'"\${b:+ passed}"`,
  ].join("\n");
}

const POSIX_SHELL = /\/(?:a|da|ba|k|mk|z|ya)?sh$/;
const SHELL_MS = 5_000;

/** The login shell, where it is none that knows the script: any shell knows this line. */
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
  const said = `${result.stdout.toString("utf8")}\n${result.stderr.toString("utf8")}`
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-6);
  return new VmrigError("ROLLBACK_FAILED", {
    message: `${machine} could not be proven to be at its baseline ${baseline}.`,
    details: [
      ...said.map((line) => `it said: ${line}`),
      ending(result),
      ...(foreign === undefined ? [] : [`its user's login shell is ${foreign}`]),
    ],
    hint:
      foreign === undefined
        ? "no test ran on it; the next run rolls it back anew"
        : "give its user a login shell that reads POSIX: sh, dash, bash, ksh or zsh",
  });
}

function ending({ ended, exitCode }: ExecResult): string {
  return ended === "exited"
    ? `exit code ${exitCode ?? "none"}`
    : `it ${ended} before it could say more`;
}
