import type { ClientChannel } from "ssh2";
import type { ProcessOptions } from "./remote-process.ts";
import { sendSignal, type SignalName, type StopSignal } from "./signal.ts";

/** How long a command may take to end after the stop signal. */
export const STOP_GRACE_MS = 2000;
const STOP_SIGNALS = 10;

export interface StopSignalsOptions {
  readonly stopSignal: StopSignal;
  readonly warning: ProcessOptions["warning"] | undefined;
  /** Returns the channel of the command. `undefined` until the command has started. */
  readonly channel: () => ClientChannel | undefined;
  /** Rejects when the command has ended. */
  readonly sleep: (ms: number) => Promise<void>;
}

/**
 * Warns a command, and sends its stop signal several times: a signal that arrives between sshd's
 * fork and its setsid finds no process group and is dropped. Resolves when the command has not
 * ended in time.
 */
export async function sendStopSignals({
  channel,
  sleep,
  stopSignal,
  warning,
}: StopSignalsOptions): Promise<void> {
  const send = (signal: SignalName): void => {
    const opened = channel();
    if (opened !== undefined) sendSignal(opened, signal);
  };
  if (warning !== undefined) {
    send(warning.signal);
    await sleep(warning.graceMs);
  }
  for (let sent = 0; sent < STOP_SIGNALS; sent += 1) {
    send(stopSignal);
    await sleep(STOP_GRACE_MS / STOP_SIGNALS);
  }
}
