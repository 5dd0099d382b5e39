import type { ExecutionContext } from "../command/execution-context.ts";
import type { Screen } from "./screen.ts";
import type { CommandEnded } from "../command/command-observer.ts";

/** Maximum length of the typed text in evidence: its end is kept. */
const MAX_TYPED = 2_000;

export interface ShellTranscriptOptions {
  readonly context: ExecutionContext;
  /** The command, as shown to people. */
  readonly command: string;
  /** Values of the shell's environment. */
  readonly secrets: readonly string[];
  readonly screen: () => Screen;
}

/**
 * Evidence of a shell, reported to the observer when the shell is used. This may be another test
 * than the one that opened the shell.
 */
export interface ShellTranscript {
  /** Records a use of the shell. */
  used(): void;
  /** Records typed text in the form for evidence: `"ls\n"`, `<Ctrl+C>`. */
  typed(words: string): void;
  /** Records typed text that must not be shown. */
  secret(text: string): void;
  ended(how: string): void;
  /**
   * Returns the screen. It has no frame where a frame would split a secret, because a split secret
   * could not be redacted.
   */
  readonly screen: () => Screen;
}

/** Minimum length of a secret, as everywhere in evidence. */
const SHORTEST = 4;

export function createShellTranscript({
  context,
  command,
  secrets: given,
  screen: seen,
}: ShellTranscriptOptions): ShellTranscript {
  const { name: machine, user } = context;
  const secrets: string[] = [...given];
  let typed = "";
  let lastObserver: ReturnType<NonNullable<ExecutionContext["observer"]>>;
  let observed: CommandEnded | undefined;
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
    if (observer === undefined || observer === lastObserver) return;
    lastObserver = observer;
    observed = observer({
      machine,
      user,
      command,
      query: undefined,
      secrets,
      shown,
      printed: () => ({ stdout: undefined, stderr: undefined }),
    });
    if (end !== undefined) observed.ended(end);
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
      observed?.secret(text);
      note("***");
    },
    ended(how) {
      end = how;
      observed?.ended(how);
    },
  };
}

function timesIn(text: string, word: string): number {
  return text.split(word).length - 1;
}
