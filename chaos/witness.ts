import { appendFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { machineKind } from "./machines.ts";

/**
 * What runs on a machine for each command, as the stdin of `bash -s`; what its words mean is said
 * there.
 */
export const WITNESS_SCRIPT = join(import.meta.dirname, "witness.sh");

/**
 * Where a machine writes: to the witness's file, or where it has none of this computer's files, on
 * its console.
 */
export function witnessOf(file: string): string {
  return machineKind() === "real" ? "/dev/ttyS0" : file;
}

/**
 * The nonce of somebody to whom no rollback is promised: he rolls the machine back himself, or
 * finds it as it is.
 */
export const NOTHING_PROMISED = "-";

const DEEDS = ["begin", "tick", "end", "late"] as const;
const WORDS = ["ask", "line", "out"] as const;

/**
 * Something that happened on a machine, as a command on it saw it. `late`: by a process that
 * outlived its command.
 */
export interface Deed {
  readonly kind: (typeof DEEDS)[number];
  readonly at: number;
  readonly session: string;
  /** Which use of the machines by the run: of which worker, and the how many-th. */
  readonly visit: string;
  readonly copy: string;
  readonly machine: string;
  /** As the runner was told. */
  readonly fence: number;
  /** That of the rollback that the run was promised, or `NOTHING_PROMISED`. */
  readonly nonce: string;
  /** The nonce on the machine's disk; `-` for none. */
  readonly found: string;
  /** What the last command left behind, `fence/nonce`; `-` for nothing. */
  readonly remains: string;
  /** The largest fence that the machine has seen. */
  readonly seen: number;
}

/**
 * What a run did beside the machines: asked for some, stood in line as its gate said, went away,
 * mostly without. The judge uses it for the order of the line alone.
 */
export interface Word {
  readonly kind: (typeof WORDS)[number];
  readonly at: number;
  readonly session: string;
}

export type Row = Deed | Word;

export function isDeed(row: Row): row is Deed {
  return "copy" in row;
}

export function parseRow(line: string): Row {
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
  const word = WORDS.find((name) => name === kind);
  if (word !== undefined) return { kind: word, at: Number(at), session };
  const deed = DEEDS.find((name) => name === kind);
  if (deed === undefined || seen === undefined)
    throw new Error(`the witness wrote what nobody understands: ${JSON.stringify(line)}`);
  return {
    kind: deed,
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

export function sayWord(file: string, kind: Word["kind"], session: string): void {
  appendFileSync(file, `${kind} ${Date.now()} ${session}\n`);
}

/** All rows of a file that grows. */
export interface Witness {
  readonly rows: readonly Row[];
  /** How many leases reached a machine. */
  readonly grants: number;
  readMore(): Promise<void>;
}

/** @param carry brings what machines said elsewhere into the file */
export function openWitness(
  path: string,
  carry: () => Promise<void> = () => Promise.resolve(),
): Witness {
  const rows: Row[] = [];
  const granted = new Set<string>();
  let offset = 0;
  let rest = "";
  return {
    rows,
    get grants() {
      return granted.size;
    },
    async readMore() {
      await carry();
      await using file = await open(path);
      const { size } = await file.stat();
      const { buffer, bytesRead } = await file.read(
        Buffer.alloc(size - offset),
        0,
        size - offset,
        offset,
      );
      offset += bytesRead;
      const lines = (rest + buffer.toString("latin1", 0, bytesRead)).split("\n");
      rest = lines.pop() ?? "";
      for (const row of lines.map(parseRow)) {
        rows.push(row);
        if (isDeed(row)) granted.add(`${row.copy} ${row.fence}`);
      }
    },
  };
}
