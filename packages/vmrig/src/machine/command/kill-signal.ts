import type { SignalName } from "../../ssh/signal.ts";

/** Signals that `kill()` can send: those that OpenSSH passes on. */
export type KillSignal = "SIGHUP" | "SIGINT" | "SIGKILL" | "SIGTERM" | "SIGUSR1" | "SIGUSR2";

/**
 * Maps a signal to the one that is sent over SSH. sshd cannot signal another user's processes. The
 * shell beside them therefore treats TERM as KILL, and QUIT as TERM.
 *
 * @param asOther whether another user than the login user runs the command
 */
export function toWireSignal(signal: KillSignal, asOther: boolean): SignalName {
  const name = signal.slice("SIG".length) as SignalName;
  if (!asOther) return name;
  return name === "KILL" ? "TERM" : name === "TERM" ? "QUIT" : name;
}
