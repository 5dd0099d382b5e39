import { open, readdir } from "node:fs/promises";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { ChaosRig } from "./scene.ts";

/**
 * What a machine's console says of itself: kind, time, session, visit, then what it does not know,
 * then what it was told and found.
 */
const LINE = /\b(begin|tick|end|late) \d+ (\S+ \S+) - - (\S+ \S+ \S+ \S+) -$/;

export interface Consoles extends Disposable {
  /** What has been said until now is in the witness's file when it resolves. */
  readonly carry: () => Promise<void>;
}

/** Also when nobody asks: the time of a line is when it is carried. */
const EVERY_MS = 50;

/**
 * Carries what real machines write on their consoles to the witness's file. A rollback rewinds
 * their disks; what has left by the serial port it does not take back, and each console is a file
 * of its own, in the order of its machine. What the machine cannot know is added here: the time of
 * this computer, which copy it is of, and the largest fence that it has been shown.
 */
export function carryConsoles({ state, witness }: ChaosRig): Consoles {
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
      const told = lines
        .flatMap((line) => [LINE.exec(line.trimEnd())?.slice(1) ?? []])
        .filter(({ length }) => length > 0);
      if (told.length === 0) return;
      const fences = (await readdir(join(folder, "fences")))
        .map(Number)
        .filter((fence) => !Number.isNaN(fence));
      const seen = Math.max(0, ...fences);
      for (const [kind, who, found] of told) {
        appendFileSync(
          witness,
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
  // One at a time: two would carry the same line twice.
  const carryOnce = (): Promise<void> =>
    (carrying ??= carryAll().finally(() => (carrying = undefined)));
  const timer = setInterval(() => void carryOnce().catch(() => {}), EVERY_MS);
  return { carry: carryOnce, [Symbol.dispose]: () => clearInterval(timer) };
}
