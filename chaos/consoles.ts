import { open, readdir } from "node:fs/promises";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { ChaosRig } from "./rig/chaos-rig.ts";

/**
 * A row on a machine's console: kind, time, session, visit, then two fields that the machine does
 * not know (`-`), then the fields that it was told or found.
 */
const LINE = /\b(begin|tick|end|late) \d+ (\S+ \S+) - - (\S+ \S+ \S+ \S+) -$/;

/** The console of a machine, and what the suite knows about the machine from outside. */
export interface MachineConsole {
  readonly copy: string;
  readonly machine: string;
  /** File of its output. Another machine in its place has another file. */
  readonly file: string;
  /** The largest fence that the machine has been shown. */
  readonly largestFence: () => Promise<number>;
}

export interface Consoles extends Disposable {
  /** Copies everything on the consoles so far to the event log. */
  readonly carry: () => Promise<void>;
}

/** Interval of copying. It limits the error of a row's time, which is the time of copying. */
const EVERY_MS = 50;

/**
 * Copies rows from the consoles of real machines to the event log. A rollback restores a
 * machine's disk but not the text that has already left through the serial port, and each console
 * is a separate file, in the order of its machine. This function adds the fields that a machine
 * does not know: the time of this computer, the copy, and the largest fence that the machine has
 * been shown.
 */
export function carryConsoles(
  eventLog: string,
  consoles: () => Promise<readonly MachineConsole[]>,
): Consoles {
  const offsets = new Map<string, number>();
  const rests = new Map<string, string>();

  const carry = async ({ copy, machine, file: path, largestFence }: MachineConsole) => {
    const file = await open(path).catch(() => undefined);
    if (file === undefined) return;
    try {
      const { size } = await file.stat();
      const offset = offsets.get(path) ?? 0;
      const length = size - offset;
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
      offsets.set(path, offset + bytesRead);
      const text = (rests.get(path) ?? "") + buffer.toString("latin1", 0, bytesRead);
      const lines = text.split("\n");
      rests.set(path, lines.pop() ?? "");
      const rows = lines
        .flatMap((line) => [LINE.exec(line.trimEnd())?.slice(1) ?? []])
        .filter((row) => row.length > 0);
      if (rows.length === 0) return;
      const seen = await largestFence();
      for (const [kind, who, found] of rows) {
        appendFileSync(
          eventLog,
          `${kind} ${Date.now()} ${who} ${copy} ${machine} ${found} ${seen}\n`,
        );
      }
    } finally {
      await file.close();
    }
  };

  let carrying: Promise<void> | undefined;
  const carryAll = async (): Promise<void> => {
    for (const one of await consoles()) await carry(one);
  };
  // One at a time: two would copy the same line twice.
  const carryOnce = (): Promise<void> =>
    (carrying ??= carryAll().finally(() => (carrying = undefined)));
  const timer = setInterval(() => void carryOnce().catch(() => {}), EVERY_MS);
  return { carry: carryOnce, [Symbol.dispose]: () => clearInterval(timer) };
}

/** Returns the consoles of the machines that run on this computer. */
export async function localConsoles({ state }: ChaosRig): Promise<MachineConsole[]> {
  const rigs = join(state, "rigs");
  const found: MachineConsole[] = [];
  for (const copy of await readdir(rigs).catch(() => [])) {
    const machines = join(rigs, copy, "machines");
    for (const machine of await readdir(machines).catch(() => [])) {
      const folder = join(machines, machine);
      found.push({
        copy,
        machine,
        file: join(folder, "console.log"),
        async largestFence() {
          const fences = (await readdir(join(folder, "fences"))).map(Number);
          return Math.max(0, ...fences.filter((fence) => !Number.isNaN(fence)));
        },
      });
    }
  }
  return found;
}
