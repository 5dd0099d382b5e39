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
  /** Name of the copy: `pcs-1`. */
  readonly copy: string;
  /** The queried machines, by name. */
  readonly machines: Readonly<Record<string, Machine>>;
  readonly transcript: Transcript;
  /** Start of the test. */
  readonly since: Date;
  readonly files: readonly WantedFile[];
  readonly console: (machine: string) => Promise<string>;
  readonly secrets: Pick<Secrets, "hide">;
  /** Timeout of each part; all parts are collected in parallel. */
  readonly timeoutMs: number;
  readonly clock?: Clock;
}

/** Evidence of a failed test, without secrets. */
export interface Evidence {
  /** The full text, for a file. */
  readonly text: string;
  /** The lines that most likely explain the failure, for an error's message. */
  readonly highlights: readonly string[];
}

/**
 * Collects evidence from machines, driver and transcript in parallel, within the timeout. A machine
 * that is dead or hangs loses only its own parts. Never throws.
 */
export async function collectEvidence(options: CollectOptions): Promise<Evidence> {
  const { copy, machines, transcript, since, files, console, secrets } = options;
  const parts = await Promise.all([
    ...Object.entries(machines).flatMap(([name, machine]) => [
      part(options, "units", `failed or pending units of ${name}`, (signal) =>
        units(machine, signal),
      ),
      part(options, "journal", `journal of ${name}`, (signal) => journal(machine, since, signal)),
      part(options, "console", `console of ${name}`, () => console(name)),
    ]),
    ...files.map(({ machine: name, path }) =>
      part(options, "file", `${path} of ${name}`, async (signal) => {
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
        "missing" in got ? `(not available: ${got.missing})` : got.text || "(nothing)",
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

/** Removes terminal colours, and control characters that are invalid in an XML report. */
function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- removes control characters
  return stripVTControlCharacters(text).replace(/[\0-\u0008\u000b-\u001f\u007f]/g, "");
}
