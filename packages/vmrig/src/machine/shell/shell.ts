import { VmrigError } from "../../errors/vmrig-error.ts";
import type { RemoteProcess } from "../../ssh/process.ts";
import { outcome as inWords } from "../command/error.ts";
import { toError } from "../command/outcome.ts";
import { Running } from "../command/running.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { openEmulator, type Size } from "./emulator.ts";
import { createJournal } from "./journal.ts";
import { toSequence, type Key } from "./keys.ts";
import {
  checkSize,
  toLine,
  type ScreenWaitOptions,
  type ShellOptions,
  type TypeOptions,
} from "./options.ts";
import type { Screen } from "./screen.ts";
import { waitForExit, waitForScreen, type ExpectedScreen, type Sight } from "./waits.ts";

/** How the program of a shell ended. */
export interface ShellExit {
  /**
   * 128 and the number of the signal, where one ended it. Missing when it was ended by `close()` or
   * the end of the test.
   */
  readonly exitCode: number | undefined;
  readonly durationMs: number;
}

/**
 * A program at a terminal, and whoever sits there: for prompts and full-screen programs. It ends
 * with the test.
 */
export interface Shell extends AsyncDisposable {
  readonly kind: "shell";
  readonly machine: string;
  readonly user: string;
  /** For people: `shell "top"`. */
  readonly title: string;
  /**
   * Types a text; `\n` is Enter. Resolves when it was sent, in the order of the calls.
   *
   * @throws VmrigError `SHELL_ENDED`
   */
  type(text: string, options?: TypeOptions): Promise<void>;
  /**
   * Presses a key, as xterm sends it: `Enter`, `Ctrl+C`, `ArrowUp`, `Shift+Tab`, `F10`, `q`. Throws
   * as `type` does.
   */
  press(key: Key): Promise<void>;
  /** Pastes a text, in brackets where the program has asked for that. Throws as `type` does. */
  paste(text: string, options?: TypeOptions): Promise<void>;
  /** Gives the terminal another size, and SIGWINCH to its program. Throws as `type` does. */
  resize(size: Size): Promise<void>;
  /** What is seen now: of all that the program has written and that has come here. */
  screen(): Promise<Screen>;
  /**
   * Until the screen's text has the words, matches, or is as the function wants it; resolves with
   * that screen.
   *
   * @throws VmrigError `WAIT_TIMEOUT`, or at once `WAIT_FAILED` where the program has ended; both
   *   with the screen as it was seen last
   */
  waitForScreen(expected: ExpectedScreen, options?: ScreenWaitOptions): Promise<Screen>;
  /**
   * Until the program has ended by itself, or by `close()`.
   *
   * @throws VmrigError `WAIT_TIMEOUT`, with the screen as it was seen last
   */
  waitForExit(options?: ScreenWaitOptions): Promise<ShellExit>;
  /** Whether the program has ended. */
  readonly exited: boolean;
  /** Ends the program, with all that runs at its terminal. The screen stays as it was. */
  close(): Promise<void>;
}

/**
 * @throws VmrigError `COMMAND_INVALID`; `CAPABILITY_MISSING` where the machine gives no terminal;
 *   what a command throws that cannot begin
 */
export async function openShell(
  context: ExecutionContext,
  options: ShellOptions = {},
): Promise<Shell> {
  const { columns = 80, rows = 24, term, env, cwd, signal } = options;
  const size = checkSize({ columns, rows });
  const { line, command } = toLine(options.command);
  const title = options.command === undefined ? command : `shell ${JSON.stringify(command)}`;
  const { name: machine, user } = context;
  const begun = Promise.withResolvers<RemoteProcess>();
  begun.promise.catch(() => {}); // whoever opened it is told
  // The journal tells of it, and more.
  const { observer: _, ...unseen } = context;
  const running = new Running(
    unseen,
    () => ({ line, command, foreground: true, attend: begun.resolve }),
    {
      pty: { ...size, term },
      stdin: "pipe",
      buffer: false,
      reject: false,
      env,
      cwd,
      signal,
    },
  );
  // Asked for at once: nothing is kept for who comes later.
  const [keyboard, output] = [running.stdin.stream, running.stdout.stream];
  running.outcome.then((outcome) => begun.reject(toError(outcome)), begun.reject);
  const emulator = await openEmulator(size, (text) => void keyboard.write(text));
  const journal = createJournal({
    context,
    command,
    screen: () => emulator.screen(),
    secrets: Object.values(env ?? {}).filter((value) => value !== undefined),
  });
  // What a program writes because it is ended is nothing that a test has brought about.
  let stopped = false;
  let exited = false;
  const rest = (): void => {
    stopped = true;
    emulator.freeze();
  };
  const unwatch = whenAny([signal, context.signal, context.scope?.()], rest);
  const over = Promise.all([running.outcome, emulator.show(output)]).then(async ([outcome]) => {
    await emulator.settled();
    return outcome;
  });
  over
    .then(
      (outcome) => journal.ended(inWords(outcome.result)),
      (error: Error) => journal.ended(`failed: ${error.message.split("\n")[0]}`),
    )
    .finally(() => {
      exited = true;
      unwatch();
    });
  journal.used();
  const remote = await begun.promise;

  const sight: Sight = {
    context,
    title,
    over,
    async look() {
      journal.used();
      await emulator.settled();
      return journal.screen();
    },
  };

  let turn: Promise<unknown> = Promise.resolve();
  /** One after the other, and by what the program wants at that moment. */
  const send = (toText: () => string): Promise<void> => {
    journal.used();
    const sent = turn.then(async () => {
      await emulator.settled();
      const text = toText();
      if (stopped || exited || !(await written(keyboard, text))) throw await ended(sight);
    });
    turn = sent.catch(() => {});
    return sent;
  };
  const note = (text: string, { secret = false }: TypeOptions): void =>
    secret ? journal.secret(text) : journal.typed(JSON.stringify(text));

  return {
    kind: "shell",
    machine,
    user,
    title,
    type(text, more = {}) {
      note(text, more);
      return send(() => text.replace(/\r?\n/g, "\r"));
    },
    press(key) {
      journal.typed(`<${key}>`);
      return send(() => toSequence(key, emulator.modes));
    },
    paste(text, more = {}) {
      note(text, more);
      return send(() => pasted(text, emulator.modes.bracketedPaste));
    },
    async resize(wanted) {
      const { columns: wider, rows: higher } = checkSize(wanted);
      await send(() => {
        emulator.resize({ columns: wider, rows: higher });
        if (!stopped && !exited) remote.resize({ columns: wider, rows: higher });
        return "";
      });
    },
    screen: () => sight.look(),
    waitForScreen: (expected, more = {}) => waitForScreen(sight, expected, more),
    async waitForExit(more = {}) {
      const { exitCode, durationMs } = (await waitForExit(sight, more)).result;
      return { exitCode, durationMs };
    },
    get exited() {
      return exited;
    },
    close,
    [Symbol.asyncDispose]: close,
  };

  async function close(): Promise<void> {
    rest();
    running.stop({ why: "killed" });
    await over.catch(() => {}); // nothing is left to be ended on a machine that is gone
  }
}

/**
 * As a terminal pastes: what it does not put in brackets is typed. An escape in it could end the
 * brackets.
 */
function pasted(text: string, bracketed: boolean): string {
  const typed = text.replace(/\r?\n/g, "\r");
  return bracketed ? `\u001b[200~${typed.replaceAll("\u001b", "\u241b")}\u001b[201~` : typed;
}

function written(stream: Running["stdin"]["stream"], text: string): Promise<boolean> {
  return new Promise((resolve) =>
    stream.write(text, (error) => resolve(error === undefined || error === null)),
  );
}

async function ended(sight: Sight): Promise<unknown> {
  const outcome = await sight.over.catch((error: unknown) => error as Error);
  if (outcome instanceof Error) return outcome;
  return new VmrigError("SHELL_ENDED", {
    message: `The ${sight.title} on ${sight.context.name} ${inWords(outcome.result).replace(/\.$/, "")}: nothing can be typed there any more.`,
    details: (await sight.look()).framed.split("\n"),
  });
}

function whenAny(signals: ReadonlyArray<AbortSignal | undefined>, work: () => void): () => void {
  const undo = signals.map((signal) => {
    if (signal?.aborted === true) work();
    signal?.addEventListener("abort", work, { once: true });
    return () => signal?.removeEventListener("abort", work);
  });
  return () => undo.forEach((each) => each());
}
