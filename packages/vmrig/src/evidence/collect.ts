import { stripVTControlCharacters } from "node:util";
import { systemClock, type Clock } from "../clock/clock.ts";
import type { Machine } from "../machine/machine.ts";
import { inTime } from "../wait/in-time.ts";
import { fileTail, journal, units, whyNot } from "./guest.ts";
import type { Secrets } from "./secrets.ts";
import type { EvidencePart } from "./part.ts";
import { highlights } from "./highlights.ts";
import type { Transcript } from "./transcript.ts";

/** A file of a machine. */
export interface WantedFile {
  readonly machine: string;
  readonly path: string;
}

export interface CollectOptions {
  /** Of what: `pcs-1`. */
  readonly copy: string;
  /** Those that are asked, by name. */
  readonly machines: Readonly<Record<string, Machine>>;
  readonly transcript: Transcript;
  /** When the test began. */
  readonly since: Date;
  readonly files: readonly WantedFile[];
  readonly console: (machine: string) => Promise<string>;
  readonly secrets: Pick<Secrets, "hide">;
  /** For each part by itself; all are asked for at once. */
  readonly timeoutMs: number;
  readonly clock?: Clock;
}

/** What is kept of a test that failed. No secret is in it. */
export interface Evidence {
  /** All of it, for a file. */
  readonly text: string;
  /** The lines that most likely tell why, for an error's message. */
  readonly highlights: readonly string[];
}

/**
 * Asks machines, driver and transcript, all at once, and takes what comes in time. A machine that
 * is dead or hangs costs its own parts and no other. Never throws.
 */
export async function collectEvidence(scene: CollectOptions): Promise<Evidence> {
  const { copy, machines, transcript, since, files, console, secrets } = scene;
  const parts = await Promise.all([
    ...Object.entries(machines).flatMap(([name, machine]) => [
      part(scene, "units", `troubled units of ${name}`, (signal) => units(machine, signal)),
      part(scene, "journal", `journal of ${name}`, (signal) => journal(machine, since, signal)),
      part(scene, "console", `console of ${name}`, () => console(name)),
    ]),
    ...files.map(({ machine: name, path }) =>
      part(scene, "file", `${path} of ${name}`, async (signal) => {
        const machine = machines[name];
        if (machine === undefined) throw new Error(`there is no machine ${name}`);
        return fileTail(machine, path, signal);
      }),
    ),
  ]);
  const commands = transcript.text();
  const sections = [
    section(`commands on ${copy}`, commands === "" ? "(none)" : commands),
    ...parts.map(({ title, got }) =>
      section(
        title,
        "missing" in got ? `(could not be had: ${got.missing})` : got.text || "(nothing)",
      ),
    ),
  ];
  return {
    text: secrets.hide(plain(sections.join("\n"))),
    highlights: highlights(transcript, parts).map((line) => secrets.hide(plain(line))),
  };
}

type Ask = (signal: AbortSignal) => Promise<string>;

async function part(
  { timeoutMs, clock = systemClock }: CollectOptions,
  kind: EvidencePart["kind"],
  title: string,
  ask: Ask,
): Promise<EvidencePart> {
  const over = new AbortController();
  const late = (): Error => new Error(`no answer within ${timeoutMs / 1000} s`);
  try {
    return {
      kind,
      title,
      got: { text: await inTime(ask(over.signal), { timeoutMs, late, clock }) },
    };
  } catch (error) {
    return { kind, title, got: { missing: whyNot(error) } };
  } finally {
    over.abort();
  }
}

function section(title: string, text: string): string {
  return `=== ${title} ===\n${text.replace(/\n+$/, "")}\n`;
}

/** Removes the colours of a terminal, and the control characters that no XML report may hold. */
function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what it removes
  return stripVTControlCharacters(text).replace(/[\0-\u0008\u000b-\u001f\u007f]/g, "");
}
