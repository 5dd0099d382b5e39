import { systemClock, type Clock } from "../clock/clock.ts";
import type {
  CommandStarted,
  Printed,
  CommandObserver,
} from "../machine/command/command-observer.ts";
import type { Secrets } from "./secrets.ts";

/** Number of retained commands: the last ones. */
const MAX_ENTRIES = 500;
/** Size of the retained end of each output. */
const TAIL_BYTES = 2_048;
/** Queries of one name are merged unless more than this number of commands came between. */
const WINDOW = 8;

interface Entry {
  readonly begun: Omit<CommandStarted, "printed" | "secrets" | "command">;
  command: string;
  readonly atMs: number;
  times: number;
  running: number;
  end: string | undefined;
  printed: () => Printed;
}

/** Commands that ran on the machines during one test. */
export interface Transcript {
  readonly observer: CommandObserver;
  /** Number of commands. */
  readonly count: number;
  /** Returns the last commands, one per line, without their output. */
  brief(last: number): string[];
  /** Returns the full transcript as readable text. */
  text(): string;
}

/**
 * Creates a transcript. It costs next to nothing while tests pass: it stores references, and
 * formats them on request only.
 */
export function createTranscript(
  secrets: Pick<Secrets, "add">,
  clock: Clock = systemClock,
): Transcript {
  const entries: Entry[] = [];
  const startedMs = clock.monotonic();
  let count = 0;

  /** Returns the entry of the same command, if the command repeats it. */
  const known = ({
    machine,
    user,
    command,
    query: look,
    shown,
  }: CommandStarted): Entry | undefined => {
    // Each shell has its own screen.
    if (shown !== undefined) return undefined;
    return (look === undefined ? entries.slice(-1) : entries.slice(-WINDOW)).findLast(
      (entry) =>
        entry.begun.machine === machine &&
        entry.begun.user === user &&
        entry.begun.query === look &&
        entry.begun.shown === undefined &&
        entry.running === 0 &&
        (look !== undefined || entry.command === command),
    );
  };

  const observer: CommandObserver = ({ secrets: commandSecrets, printed, command, ...begun }) => {
    for (const secret of commandSecrets) secrets.add(secret);
    count += 1;
    const again = known({ ...begun, command, secrets: commandSecrets, printed });
    const entry = again ?? {
      begun,
      command,
      atMs: clock.monotonic() - startedMs,
      times: 0,
      running: 0,
      end: undefined,
      printed,
    };
    Object.assign(entry, { command, printed });
    entry.times += 1;
    entry.running += 1;
    if (again === undefined && entries.push(entry) > MAX_ENTRIES) entries.shift();
    return {
      ended(end) {
        const { stdout, stderr } = printed();
        const kept = { stdout: tail(stdout), stderr: tail(stderr) };
        // Copies: the whole output may be large.
        Object.assign(entry, { end, printed: () => kept });
        entry.running -= 1;
      },
      secret: secrets.add,
    };
  };

  const line = ({ begun, command, times, end, running }: Entry): string => {
    const what = begun.query !== undefined && times > 1 ? begun.query : command;
    const often = times > 1 ? ` (${times} times)` : "";
    const how = running > 0 ? "still running" : (end ?? "").replace(/\.$/, "");
    return `${begun.machine} ${begun.user}$ ${what.trimEnd()}${often} → ${how}`;
  };

  return {
    observer,
    get count() {
      return count;
    },
    brief: (last) => entries.slice(-last).map((entry) => oneLine(line(entry))),
    text() {
      const shown = entries.flatMap((entry) => {
        const { stdout, stderr } = entry.printed();
        const title = `+${(entry.atMs / 1000).toFixed(3)} s  ${line(entry)}`;
        const shown = entry.begun.shown?.().map((each) => `    ${each}`) ?? [];
        return [title, ...output("stdout", stdout), ...output("stderr", stderr), ...shown];
      });
      return [
        ...(entries.length < MAX_ENTRIES ? [] : [`the last ${MAX_ENTRIES} of ${count} commands`]),
        ...shown,
      ].join("\n");
    },
  };
}

/** Returns the end of an output, and one more byte if the output was cut. */
function tail(output: Buffer | undefined): Buffer | undefined {
  if (output === undefined || output.length === 0) return output;
  // One byte more than is shown marks a cut output.
  return Buffer.from(output.subarray(-TAIL_BYTES - 1));
}

function output(title: string, bytes: Buffer | undefined): string[] {
  if (bytes === undefined || bytes.length === 0) return [];
  const cut = bytes.length > TAIL_BYTES;
  const text = bytes.subarray(-TAIL_BYTES).toString("utf8").replace(/\n$/, "");
  const lines = cut ? [`… ${text.slice(text.indexOf("\n") + 1)}`] : [text];
  return lines
    .flatMap((each) => each.split("\n"))
    .map((each, index) => `    ${index === 0 ? `${title}: ` : "        "}${each}`);
}

function oneLine(text: string): string {
  const flat = text.replace(/\s*\n\s*/g, " ⏎ ");
  return flat.length > 200 ? `${flat.slice(0, 90)} … ${flat.slice(-90)}` : flat;
}
