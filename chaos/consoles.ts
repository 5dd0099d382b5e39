import { open, readdir } from "node:fs/promises";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { ChaosRig } from "./rig/chaos-rig.ts";

/**
 * A row on a machine's console: kind, time, session, visit, then two fields that the machine does
 * not know (`-`), then the fields that it was told or found.
 */
const LINE = /\b(begin|tick|end|late) \d+ (\S+ \S+) - - (\S+ \S+ \S+ \S+) -$/;

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
export function carryConsoles({ state, eventLog }: ChaosRig): Consoles {
  const offsets = new Map<string, number>();
  const rests = new Map<string, string>();

  const carry = async (copy: string, machine: string): Promise<void> => {
    const folder = join(state, "rigs", copy, "machines", machine);
    const file = await open(join(folder, "console.log")).catch(() => undefined);
    if (file === undefined) return;
    try {
      const { size } = await file.stat();
      const offset = offsets.get(folder) ?? 0;
      const { buffer, bytesRead } = await file.read(
        Buffer.alloc(size - offset),
        0,
        size - offset,
        offset,
      );
      offsets.set(folder, offset + bytesRead);
      const lines = ((rests.get(folder) ?? "") + buffer.toString("latin1", 0, bytesRead)).split(
        "\n",
      );
      rests.set(folder, lines.pop() ?? "");
      const rows = lines
        .flatMap((line) => [LINE.exec(line.trimEnd())?.slice(1) ?? []])
        .filter(({ length }) => length > 0);
      if (rows.length === 0) return;
      const fences = (await readdir(join(folder, "fences")))
        .map(Number)
        .filter((fence) => !Number.isNaN(fence));
      const seen = Math.max(0, ...fences);
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
    for (const copy of await readdir(join(state, "rigs")).catch(() => [])) {
      for (const machine of await readdir(join(state, "rigs", copy, "machines")).catch(() => []))
        await carry(copy, machine);
    }
  };
  // One at a time: two would copy the same line twice.
  const carryOnce = (): Promise<void> =>
    (carrying ??= carryAll().finally(() => (carrying = undefined)));
  const timer = setInterval(() => void carryOnce().catch(() => {}), EVERY_MS);
  return { carry: carryOnce, [Symbol.dispose]: () => clearInterval(timer) };
}
