import { VmrigError } from "../../errors/vmrig-error.ts";
import type { RemoteProcess } from "../../ssh/process.ts";
import { outcome as inWords } from "../command/error.ts";
import { toError } from "../command/outcome.ts";
import { Running } from "../command/running.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { openEmulator, type Size } from "./emulator.ts";
import { createShellTranscript } from "./shell-transcript.ts";
import { toSequence, type Key } from "./keys.ts";
import {
  checkSize,
  toLine,
  type ScreenWaitOptions,
  type ShellOptions,
  type TypeOptions,
} from "./options.ts";
import type { Screen } from "./screen.ts";
import { waitForExit, waitForScreen, type ExpectedScreen, type ScreenView } from "./waits.ts";

/** Exit of a shell's program. */
export interface ShellExit {
  /**
   * Exit code, or 128 plus the number of the signal that ended the program. Missing after `close()`
   * and after the end of the test.
   */
  readonly exitCode: number | undefined;
  readonly durationMs: number;
}

/**
 * A program at a terminal, with its keyboard and screen: for prompts and full-screen programs. It
 * ends with the test.
 */
export interface Shell extends AsyncDisposable {
  readonly kind: "shell";
  readonly machine: string;
  readonly user: string;
  /** Description for messages: `shell "top"`. */
  readonly title: string;
  /**
   * Types a text; `\n` is Enter. Calls are sent in their order. Resolves when the text was sent.
   *
   * @throws VmrigError `SHELL_ENDED`
   */
  type(text: string, options?: TypeOptions): Promise<void>;
  /**
   * Presses a key, encoded as xterm does: `Enter`, `Ctrl+C`, `ArrowUp`, `Shift+Tab`, `F10`, `q`.
   * Throws as `type` does.
   */
  press(key: Key): Promise<void>;
  /**
   * Pastes a text, in brackets if the program has enabled bracketed paste. Throws as `type` does.
   */
  paste(text: string, options?: TypeOptions): Promise<void>;
  /** Resizes the terminal and sends SIGWINCH to its program. Throws as `type` does. */
  resize(size: Size): Promise<void>;
  /** Returns the current screen, with all output that has arrived. */
  screen(): Promise<Screen>;
  /**
   * Waits until the screen's text contains the words or matches the pattern, or until the predicate
   * is true. Resolves with that screen.
   *
   * @throws VmrigError `WAIT_TIMEOUT`, or immediately `WAIT_FAILED` when the program has ended;
   *   both with the last screen
   */
  waitForScreen(expected: ExpectedScreen, options?: ScreenWaitOptions): Promise<Screen>;
  /**
   * Waits until the program has ended by itself or by `close()`.
   *
   * @throws VmrigError `WAIT_TIMEOUT` with the last screen
   */
  waitForExit(options?: ScreenWaitOptions): Promise<ShellExit>;
  /** Whether the program has ended. */
  readonly exited: boolean;
  /** Ends the program and all other processes at its terminal. The screen stays unchanged. */
  close(): Promise<void>;
}

/**
 * Opens a shell.
 *
 * @throws VmrigError `COMMAND_INVALID`; `CAPABILITY_MISSING` when the machine offers no terminal.
 *   Also throws the errors of a command that cannot start
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
  begun.promise.catch(() => {}); // the caller of openShell receives the error
  // The journal reports the shell in more detail than an observed command.
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
  // Requested immediately: the output is not retained for a late reader.
  const [keyboard, output] = [running.stdin.stream, running.stdout.stream];
  running.outcome.then((outcome) => begun.reject(toError(outcome)), begun.reject);
  const emulator = await openEmulator(size, (text) => void keyboard.write(text));
  const journal = createShellTranscript({
    context,
    command,
    screen: () => emulator.screen(),
    secrets: Object.values(env ?? {}).filter((value) => value !== undefined),
  });
  // Output that a program writes while it is being ended is not an effect of the test.
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

  const view: ScreenView = {
    context,
    title,
    over,
    async look() {
      journal.used();
      await emulator.settled();
      return journal.screen();
    },
  };

  let queue: Promise<unknown> = Promise.resolve();
  /** Sends the texts in order, each encoded for the terminal modes at its time of sending. */
  const send = (toText: () => string): Promise<void> => {
    journal.used();
    const sent = queue.then(async () => {
      await emulator.settled();
      const text = toText();
      if (stopped || exited || !(await written(keyboard, text))) throw await ended(view);
    });
    queue = sent.catch(() => {});
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
    screen: () => view.look(),
    waitForScreen: (expected, more = {}) => waitForScreen(view, expected, more),
    async waitForExit(more = {}) {
      const { exitCode, durationMs } = (await waitForExit(view, more)).result;
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
    await over.catch(() => {}); // on a lost machine there is nothing to end
  }
}

/**
 * Encodes pasted text as a terminal does: without brackets it is typed. An escape character in the
 * text could end the brackets, so it is replaced.
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

async function ended(view: ScreenView): Promise<unknown> {
  const outcome = await view.over.catch((error: unknown) => error as Error);
  if (outcome instanceof Error) return outcome;
  return new VmrigError("SHELL_ENDED", {
    message: `The ${view.title} on ${view.context.name} ${inWords(outcome.result).replace(/\.$/, "")}, so it accepts no more input.`,
    details: (await view.look()).framed.split("\n"),
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
