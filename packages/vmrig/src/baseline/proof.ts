import { systemClock, type Clock } from "../clock/clock.ts";
import type { GuestKind } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { Connection } from "../ssh/connection.ts";
import type { ExecResult } from "../ssh/exec.ts";
import { guestOf, type Guest } from "./guest.ts";

export interface ProofOptions {
  /** For errors. */
  readonly machine: string;
  /** The baseline that the machine must be at. */
  readonly baseline: string;
  readonly guest: GuestKind;
  /** Left on the machine by this proof. One nonce per rollback: connections that share it prove the same one. */
  readonly nonce: string;
  /** Told once when the proof fails. */
  readonly onFailure?: (error: VmrigError) => void;
  readonly clock?: Clock;
}

/**
 * A connection whose first command also proves the rollback, before it does anything else, so that the proof costs no round trip of its own:
 * that a new connection with the lease's key runs a command, that the machine is at the expected baseline, and that the nonce which the last
 * proof left there is gone. It then steps the clock, which stands where the snapshot was taken, and leaves a nonce for the next proof.
 *
 * Commands that start before the first one has answered carry the same proof: it passes again with its own nonce.
 */
export function proven(connection: Connection, options: ProofOptions): Connection {
  const { machine, baseline, nonce, onFailure, clock = systemClock } = options;
  const guest = guestOf(options.guest);
  const passed = `vmrig-proof ${nonce} passed`;
  let verdict: "unknown" | "passed" | VmrigError = "unknown";

  return {
    closed: connection.closed,
    close: () => connection.close(),
    hangUp: () => connection.hangUp(),
    [Symbol.asyncDispose]: () => connection.close(),
    async exec(command, execOptions) {
      if (verdict === "passed") return connection.exec(command, execOptions);
      if (verdict !== "unknown") throw verdict;
      const script = proofScript(guest, { baseline, nonce, passed, now: clock.wall() });
      if (Buffer.byteLength(script) + Buffer.byteLength(command) >= MAX_BYTES) {
        await this.exec(":", execOptions?.signal === undefined ? {} : { signal: execOptions.signal });
        return connection.exec(command, execOptions);
      }
      const result = await connection.exec(`${script}\n${command}`, execOptions);
      const rest = withoutFirstLine(result.stdout, passed);
      if (rest !== undefined) {
        verdict = "passed";
        return { ...result, stdout: rest };
      }
      // Stopped before it could say anything: neither proven nor disproven.
      if (result.ended !== "exited") return { ...result, stdout: Buffer.alloc(0) };
      // Of several commands at once, the first to fail tells.
      if (typeof verdict === "string") {
        verdict = failure(machine, baseline, result);
        onFailure?.(verdict);
      }
      throw verdict;
    },
  };
}

/** Linux takes no longer argument, and the command alone may have that many: then the proof goes first, on its own. */
const MAX_BYTES = 131_071;

interface ProofScript {
  readonly baseline: string;
  readonly nonce: string;
  readonly passed: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Only what the shell has built in, but for the clock's step: each program that an emulated machine starts costs 50 ms. */
function proofScript({ proofFolder: folder, stepClock }: Guest, { baseline, nonce, passed, now }: ProofScript): string {
  const step = stepClock === undefined ? "" : `${stepClock} -s @${(now / 1000).toFixed(3)} >/dev/null && `;
  return [
    `vmrig_b=; vmrig_n=; read -r vmrig_b < ${folder}/baseline; [ ! -e ${folder}/nonce ] || read -r vmrig_n < ${folder}/nonce`,
    `case "$vmrig_b/$vmrig_n" in`,
    `${baseline}/) ${step}echo ${nonce} > ${folder}/nonce || exit 97 ;;`,
    `${baseline}/${nonce}) ;;`,
    `*) echo "vmrig-proof failed: baseline '$vmrig_b', nonce '$vmrig_n'"; exit 97 ;;`,
    `esac`,
    `echo '${passed}'; unset vmrig_b vmrig_n`,
  ].join("\n");
}

function withoutFirstLine(stdout: Buffer, line: string): Buffer | undefined {
  const head = `${line}\n`;
  return stdout.subarray(0, head.length).toString("latin1") === head ? stdout.subarray(head.length) : undefined;
}

function failure(machine: string, baseline: string, result: ExecResult): VmrigError {
  const said = `${result.stdout.toString("utf8")}\n${result.stderr.toString("utf8")}`.trim().split("\n").slice(0, 6);
  return new VmrigError("ROLLBACK_FAILED", {
    message: `${machine} could not be proven to be at its baseline ${baseline}.`,
    details: [...said.map((line) => `it said: ${line}`), `exit code ${result.exitCode ?? "none"}`],
    hint: "no test ran on it; the next run rolls it back anew",
  });
}
