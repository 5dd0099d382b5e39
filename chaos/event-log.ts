import { appendFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { machineKind } from "./machines.ts";

/**
 * Script that runs on a machine for each command, as the stdin of `bash -s`. Its comments explain
 * the fields.
 */
export const RECORD_EVENT_SCRIPT = join(import.meta.dirname, "record-event.sh");

/**
 * Returns the file that a machine writes to: the event log, or its console when the machine has
 * no access to this computer's files.
 */
export function eventLogOnMachine(file: string): string {
  return machineKind() === "fake" ? file : "/dev/ttyS0";
}

/**
 * Nonce of a command without a promised rollback: an ex-holder rolls the machine back itself, or
 * finds it as it is.
 */
export const NOTHING_PROMISED = "-";

const MACHINE_EVENTS = ["begin", "tick", "end", "late"] as const;
const QUEUE_EVENTS = ["ask", "line", "out"] as const;

/**
 * An event on a machine, as a command on it recorded it. `late`: by a process that outlived its
 * command.
 */
export interface MachineEvent {
  readonly kind: (typeof MACHINE_EVENTS)[number];
  readonly at: number;
  readonly session: string;
  /** Use of the machines by the run: the worker and the number of its visit. */
  readonly visit: string;
  readonly copy: string;
  readonly machine: string;
  /** The fence that the runner was granted. */
  readonly fence: number;
  /** The nonce of the promised rollback, or `NOTHING_PROMISED`. */
  readonly nonce: string;
  /** The nonce on the machine's disk; `-` for none. */
  readonly found: string;
  /** What the previous command left behind, `fence/nonce`; `-` for nothing. */
  readonly remains: string;
  /** The largest fence that the machine has seen. */
  readonly seen: number;
}

/**
 * An event of a run that concerns no machine: the run asked for machines, its gate entered the
 * queue, or the run left without machines. The judge uses it only for the order of the queue.
 */
export interface QueueEvent {
  readonly kind: (typeof QUEUE_EVENTS)[number];
  readonly at: number;
  readonly session: string;
}

export type ChaosEvent = MachineEvent | QueueEvent;

export function isMachineEvent(row: ChaosEvent): row is MachineEvent {
  return "copy" in row;
}

export function parseEvent(line: string): ChaosEvent {
  const [
    kind = "",
    at,
    session = "",
    visit = "",
    copy = "",
    machine = "",
    fence,
    nonce = "",
    found = "",
    remains = "",
    seen,
  ] = line.split(" ");
  const word = QUEUE_EVENTS.find((name) => name === kind);
  if (word !== undefined) return { kind: word, at: Number(at), session };
  const event = MACHINE_EVENTS.find((name) => name === kind);
  if (event === undefined || seen === undefined)
    throw new Error(`the event log has an invalid row: ${JSON.stringify(line)}`);
  return {
    kind: event,
    at: Number(at),
    session,
    visit,
    copy,
    machine,
    fence: Number(fence),
    nonce,
    found,
    remains,
    seen: Number(seen),
  };
}

export function recordQueueEvent(file: string, kind: QueueEvent["kind"], session: string): void {
  appendFileSync(file, `${kind} ${Date.now()} ${session}\n`);
}

/** All rows of a growing log file. */
export interface EventLog {
  readonly rows: readonly ChaosEvent[];
  /** Number of leases that reached a machine. */
  readonly grants: number;
  readMore(): Promise<void>;
}

/** @param carry copies rows from the consoles of machines to the file */
export function openEventLog(
  path: string,
  carry: () => Promise<void> = () => Promise.resolve(),
): EventLog {
  const rows: ChaosEvent[] = [];
  const granted = new Set<string>();
  const readLines = followLines(path);
  return {
    rows,
    get grants() {
      return granted.size;
    },
    async readMore() {
      await carry();
      for (const row of (await readLines()).map(parseEvent)) {
        rows.push(row);
        if (isMachineEvent(row)) granted.add(`${row.copy} ${row.fence}`);
      }
    },
  };
}

/** Returns a function that reads the complete lines that were appended since its last call. */
export function followLines(path: string): () => Promise<string[]> {
  let offset = 0;
  let rest = "";
  return async () => {
    await using file = await open(path);
    const { size } = await file.stat();
    const length = size - offset;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
    offset += bytesRead;
    const lines = (rest + buffer.toString("latin1", 0, bytesRead)).split("\n");
    rest = lines.pop() ?? "";
    return lines;
  };
}
