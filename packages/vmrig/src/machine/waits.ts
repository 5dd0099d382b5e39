import type { Clock } from "../clock/clock.ts";
import { isVmrigError } from "../errors/vmrig-error.ts";
import { waitFor, type Observation, type WaitOptions as WaitForOptions } from "../wait/wait-for.ts";
import type { CommandOptions, CommandResult } from "./command.ts";
import { abridged } from "./command-error.ts";
import { milliseconds, type Duration } from "./duration.ts";
import { run, type Seat } from "./runner.ts";

export interface WaitOptions {
  /** @defaultValue 30 s */
  readonly timeout?: Duration | undefined;
  /** Pause between two looks. @defaultValue 250 ms */
  readonly interval?: Duration | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** `reject` has no meaning here; `timeout` is that of the whole wait. */
export type UntilOptions = Omit<CommandOptions, "reject" | "stdin" | "encoding" | "lines" | "buffer"> & WaitOptions;

export async function waitForPort(seat: Seat, port: number, options: WaitOptions, clock: Clock | undefined): Promise<void> {
  await waitFor<true>({
    ...waiting(seat, options, clock),
    what: `port ${port}`,
    probe: tolerant(async (signal) => {
      // Without IPv6 the second file is missing, which is no failure.
      const { stdout } = await run(seat, { line: "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null" }, { signal, reject: false });
      const ports = listeningPorts(stdout);
      return ports.includes(port)
        ? { value: true }
        : { seen: ports.length === 0 ? "no port is listening" : `listening are ${ports.join(", ")}` };
    }),
  });
}

export function waitUntilSucceeds(seat: Seat, line: string, options: UntilOptions, clock: Clock | undefined): Promise<CommandResult> {
  const { timeout: _whole, interval: _pause, ...command } = options;
  return waitFor<CommandResult>({
    ...waiting(seat, options, clock),
    what: `\`${abridged(line)}\` to succeed`,
    probe: tolerant(async (signal) => {
      const result = await run(seat, { line }, { ...command, signal, reject: false });
      if (!result.failed) return { value: result };
      if (result.isCanceled) return { seen: "it was still running at the deadline" };
      const said = (result.stderr || result.stdout).trimEnd().split("\n").at(-1);
      return { seen: `${result.signal ?? `exit code ${result.exitCode}`}${said ? `: ${said}` : ""}` };
    }),
  });
}

/** TCP ports in state LISTEN (0A), any address family. Format: `/proc/net/tcp` in the kernel's Documentation/networking/proc_net_tcp.rst. */
export function listeningPorts(table: string): number[] {
  const ports = [...table.matchAll(/^\s*\d+: [\dA-F]+:([\dA-F]{4}) [\dA-F]+:[\dA-F]{4} 0A /gm)].map(([, port = ""]) =>
    Number.parseInt(port, 16),
  );
  return [...new Set(ports)].toSorted((one, other) => one - other);
}

export function waiting(
  seat: Seat,
  { timeout = 30_000, interval = 250, signal }: WaitOptions,
  clock: Clock | undefined,
): Omit<WaitForOptions<never>, "what" | "probe"> {
  const signals = [signal, seat.signal].filter((one) => one !== undefined);
  return {
    on: seat.name,
    timeoutMs: milliseconds(timeout),
    intervalMs: milliseconds(interval),
    ...(signals.length === 0 ? {} : { signal: AbortSignal.any(signals) }),
    ...(clock === undefined ? {} : { clock }),
  };
}

/** A machine that reboots while it is waited for is one more thing to be seen. */
export function tolerant<T>(probe: (signal: AbortSignal) => Promise<Observation<T>>): (signal: AbortSignal) => Promise<Observation<T>> {
  return (signal) =>
    probe(signal).catch((error: unknown) => {
      if (!isVmrigError(error) || (error.code !== "CONNECTION_LOST" && error.code !== "MACHINE_UNREACHABLE")) throw error;
      return { seen: error.summary.replace(/\.$/, "") };
    });
}
