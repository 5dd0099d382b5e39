import type { Size } from "./emulator.ts";
import type { Key } from "./key.ts";
import type { ScreenWaitOptions, TypeOptions } from "./options.ts";
import type { Screen } from "./screen.ts";
import type { ExpectedScreen } from "./waits.ts";

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
