import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** A change of the store, in the order in which Redis made it. */
export type StoreEvent =
  /** From now on, smaller fences are refused: a lease was granted, or a state claimed. */
  | { readonly kind: "fence"; readonly copy: string; readonly fence: number }
  /** A version was stored, for the first time or again. */
  | {
      readonly kind: "version";
      readonly copy: string;
      readonly version: number;
      /** Fence of the run that wrote it. */
      readonly fence: number;
      /** Id of the write. */
      readonly write: string;
      readonly text: string;
    };

/**
 * Reads all changes of the states from the append-only file of Redis, which vmrig does not write: it
 * has the effects of each script, one after another.
 */
export async function readStoreLog(folder: string): Promise<StoreEvent[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".incr.aof"));
  const number = (name: string): number => Number(/\.(\d+)\.incr/.exec(name)?.[1]);
  const files = names.toSorted((a, b) => number(a) - number(b));
  const parts = await Promise.all(files.map((name) => readFile(join(folder, name))));
  return parts.flatMap((part) => parseCommands(part).flatMap(eventsOf));
}

/** Parses the commands of an append-only file: each one is an array of strings. */
function parseCommands(file: Buffer): string[][] {
  let at = 0;
  const number = (type: string): number => {
    const end = file.indexOf("\r\n", at);
    const line = file.toString("latin1", at, end);
    if (end === -1 || line[0] !== type)
      throw new Error(`the append-only file has no ${type} at ${at}: ${JSON.stringify(line)}`);
    at = end + 2;
    return Number(line.slice(1));
  };
  const word = (): string => {
    const length = number("$");
    const text = file.toString("utf8", at, at + length);
    at += length + 2;
    return text;
  };
  const commands: string[][] = [];
  while (at < file.length) commands.push(Array.from({ length: number("*") }, word));
  return commands;
}

function eventsOf([command = "", key = "", ...words]: string[]): StoreEvent[] {
  const [, copy, kind] = /^vmrig:\{chaos\}:([^:]+):(fence|state|state-versions)$/.exec(key) ?? [];
  if (copy === undefined) return [];
  const name = command.toUpperCase();
  if (kind === "fence" && name === "SET") return [{ kind: "fence", copy, fence: Number(words[0]) }];
  if (name === "HDEL") return [];
  if (name !== "HSET") throw new Error(`unknown change of ${key}: ${name} ${words.join(" ")}`);
  const fields = words.flatMap((word, index) =>
    index % 2 === 0 ? [[word, words[index + 1] ?? ""] as const] : [],
  );
  return fields.flatMap(([field, value]): StoreEvent[] => {
    if (kind === "state")
      return field === "fence" ? [{ kind: "fence", copy, fence: Number(value) }] : [];
    const [, facts = "", ...text] = value.split("\n");
    const { fence, write } = JSON.parse(facts) as { fence: number; write: string };
    return [{ kind: "version", copy, version: Number(field), fence, write, text: text.join("\n") }];
  });
}
