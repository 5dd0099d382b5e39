import type { ExecutionContext } from "../command/execution-context.ts";
import type { Screen } from "./screen.ts";
import type { CommandEnded } from "../command/command-observer.ts";

/** How much of what was typed is told: its end. */
const MAX_TYPED = 2_000;

export interface JournalOptions {
  readonly context: ExecutionContext;
  /** For people. */
  readonly command: string;
  /** Values of its environment. */
  readonly secrets: readonly string[];
  readonly screen: () => Screen;
}

/**
 * What evidence has of a shell: told to whoever watches when it is used, which may be another test
 * than the one that opened it.
 */
export interface Journal {
  /** Somebody uses it. */
  used(): void;
  /** As it reads in evidence: `"ls\n"`, `<Ctrl+C>`. */
  typed(words: string): void;
  /** Something was typed that is not to be shown. */
  secret(text: string): void;
  ended(how: string): void;
  /**
   * The screen without a frame where that would break a secret in two, so that nobody would know
   * it.
   */
  readonly screen: () => Screen;
}

/** Shorter ones are no secrets, as everywhere in evidence. */
const SHORTEST = 4;

export function createJournal({
  context,
  command,
  secrets: given,
  screen: seen,
}: JournalOptions): Journal {
  const { name: machine, user } = context;
  const secrets: string[] = [...given];
  let typed = "";
  let known: ReturnType<NonNullable<ExecutionContext["observer"]>>;
  let told: CommandEnded | undefined;
  let end: string | undefined;

  const screen = (): Screen => {
    const now = seen();
    const words = secrets.flatMap((secret) => secret.split("\n")).map((word) => word.trim());
    const broken = words.some(
      (word) => word.length >= SHORTEST && timesIn(now.text, word) > timesIn(now.framed, word),
    );
    return broken ? { ...now, framed: now.text } : now;
  };
  const shown = (): string[] => [
    ...(typed === "" ? [] : [`typed: ${typed.trimEnd()}`]),
    ...screen().framed.split("\n"),
  ];
  const used = (): void => {
    const observer = context.observer?.();
    if (observer === undefined || observer === known) return;
    known = observer;
    told = observer({
      machine,
      user,
      command,
      look: undefined,
      secrets,
      shown,
      printed: () => ({ stdout: undefined, stderr: undefined }),
    });
    if (end !== undefined) told.ended(end);
  };
  const note = (words: string): void => {
    typed = `${typed}${words} `;
    if (typed.length > MAX_TYPED) typed = `… ${typed.slice(-MAX_TYPED)}`;
  };
  return {
    screen,
    used,
    typed: note,
    secret(text) {
      secrets.push(text);
      told?.secret(text);
      note("***");
    },
    ended(how) {
      end = how;
      told?.ended(how);
    },
  };
}

function timesIn(text: string, word: string): number {
  return text.split(word).length - 1;
}
