import { checkOptions } from "../../errors/check-options.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { outcome as inWords } from "../command/outcome/in-words.ts";
import { onAbort } from "../on-abort.ts";
import { openEmulator } from "./emulator.ts";
import { toSequence } from "./key-sequence.ts";
import { createKeyboard, pasted, typed } from "./keyboard.ts";
import {
  SCREEN_WAIT_OPTIONS,
  SHELL_OPTIONS,
  TYPE_OPTIONS,
  checkSize,
  toLine,
  type ShellOptions,
  type TypeOptions,
} from "./options.ts";
import { createShellTranscript } from "./shell-transcript.ts";
import type { Shell } from "./shell.ts";
import { startProgram } from "./terminal-program.ts";
import { waitForExit, waitForScreen, type ScreenView } from "./waits.ts";

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
  const of = `${context.name}.shell()`;
  checkOptions(of, options, SHELL_OPTIONS);
  const { columns = 80, rows = 24, env, signal } = options;
  const size = checkSize({ columns, rows });
  const { line, command } = toLine(options.command);
  const title = options.command === undefined ? command : `shell ${JSON.stringify(command)}`;

  // 1. Start the program, and show its output on an emulated screen.
  const program = startProgram(context, { ...options, line, command, size });
  const { running, input } = program;
  const emulator = openEmulator(size, (text) => void input.write(text));
  const transcript = createShellTranscript({
    context,
    command,
    screen: () => emulator.screen(),
    secrets: Object.values(env ?? {}).filter((value) => value !== undefined),
  });

  // 2. Watch for its end. Output that a program writes while it is being ended is not an effect of
  // the test.
  let stopped = false;
  let exited = false;
  const rest = (): void => {
    stopped = true;
    emulator.freeze();
  };
  const unwatch = onAbort([signal, context.signal, context.scope?.()], rest);
  const over = Promise.all([running.outcome, emulator.show(program.output)]).then(
    async ([outcome]) => {
      await emulator.settled();
      return outcome;
    },
  );
  over
    .then(
      (outcome) => transcript.ended(inWords(outcome.result)),
      (error: Error) => transcript.ended(`failed: ${error.message.split("\n")[0]}`),
    )
    .finally(() => {
      exited = true;
      unwatch();
    });
  const close = async (): Promise<void> => {
    rest();
    running.stop({ why: "killed" });
    await over.catch(() => {}); // on a lost machine there is nothing to end
  };

  // 3. Wait until it has started.
  transcript.used();
  const remote = await program.begun;

  // 4. Hand out its keyboard and its screen.
  const view: ScreenView = {
    context,
    title,
    over,
    async look() {
      transcript.used();
      await emulator.settled();
      return transcript.screen();
    },
  };
  const isOver = (): boolean => stopped || exited;
  const keyboard = createKeyboard({ input, emulator, view, isOver });
  const send = (toText: () => string): Promise<void> => {
    transcript.used();
    return keyboard.send(toText);
  };
  const note = (text: string, { secret = false }: TypeOptions): void =>
    secret ? transcript.secret(text) : transcript.typed(JSON.stringify(text));

  return {
    kind: "shell",
    machine: context.name,
    user: context.user,
    title,
    async type(text, more = {}) {
      checkOptions(`${of}.type()`, more, TYPE_OPTIONS);
      note(text, more);
      await send(() => typed(text));
    },
    press(key) {
      transcript.typed(`<${key}>`);
      return send(() => toSequence(key, emulator.modes));
    },
    async paste(text, more = {}) {
      checkOptions(`${of}.paste()`, more, TYPE_OPTIONS);
      note(text, more);
      await send(() => pasted(text, emulator.modes.bracketedPaste));
    },
    async resize(wanted) {
      const { columns: wider, rows: higher } = checkSize(wanted);
      await send(() => {
        emulator.resize({ columns: wider, rows: higher });
        if (!isOver()) remote.resize({ columns: wider, rows: higher });
        return "";
      });
    },
    screen: () => view.look(),
    async waitForScreen(expected, more = {}) {
      checkOptions(`${of}.waitForScreen()`, more, SCREEN_WAIT_OPTIONS);
      return waitForScreen(view, expected, more);
    },
    async waitForExit(more = {}) {
      checkOptions(`${of}.waitForExit()`, more, SCREEN_WAIT_OPTIONS);
      const { exitCode, durationMs } = (await waitForExit(view, more)).result;
      return { exitCode, durationMs };
    },
    get exited() {
      return exited;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
