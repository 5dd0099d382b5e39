import type { Seat } from "../seat.ts";
import type { Told } from "../witness.ts";

/** How much of what was typed is told: its end. */
const MAX_TYPED = 2_000;

export interface JournalOptions {
  readonly seat: Seat;
  /** For people. */
  readonly command: string;
  /** Values of its environment. */
  readonly secrets: readonly string[];
  /** What is seen of it, in a frame. */
  readonly framed: () => string;
}

/** What evidence has of a shell: told to whoever watches when it is used, which may be another test than the one that opened it. */
export interface Journal {
  /** Somebody uses it. */
  used(): void;
  /** As it reads in evidence: `"ls\n"`, `<Ctrl+C>`. */
  typed(words: string): void;
  /** Something was typed that is not to be shown. */
  secret(text: string): void;
  ended(how: string): void;
}

export function createJournal({ seat, command, secrets: given, framed }: JournalOptions): Journal {
  const { name: machine, user } = seat;
  const secrets: string[] = [...given];
  let typed = "";
  let known: ReturnType<NonNullable<Seat["witness"]>>;
  let told: Told | undefined;
  let end: string | undefined;

  const shown = (): string[] => [...(typed === "" ? [] : [`typed: ${typed.trimEnd()}`]), ...framed().split("\n")];
  const used = (): void => {
    const witness = seat.witness?.();
    if (witness === undefined || witness === known) return;
    known = witness;
    told = witness({
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
