import type { Vitest } from "vitest/node";
import type { GateClient, Paused } from "vmrig/runner";

/**
 * Prompt at which a person continues runs that are paused at a failed test. It uses the terminal of
 * the main process, and serves all gates of one Vitest process.
 */
export interface PausePrompt {
  /** Whether failed tests pause. */
  readonly open: boolean;
  attend(client: GateClient, config: string): void;
}

export interface PausePromptOptions {
  readonly vitest: Vitest;
  readonly say: (line: string) => void;
  /**
   * Returns the options that a command needs to find the config; empty when the command finds the
   * config by itself.
   */
  readonly configWords: (config: string) => Promise<string>;
}

const ON_FAILURE = "on-failure";
/** Number of lines of an error that are shown. */
const LINES = 40;

export function createPausePrompt({ vitest, say, configWords }: PausePromptOptions): PausePrompt {
  const waiting = new Map<string, () => void>();
  let stopReading: (() => void) | undefined;
  const goOn = (): void => waiting.forEach((resume) => resume());

  const tell = async (
    { copy, copies, machines, test, error, until }: Paused,
    config: string,
  ): Promise<void> => {
    const words = `${copies > 1 ? ` --copy ${copy}` : ""}${await configWords(config)}`;
    const lines = error.split("\n");
    const shown = lines.length > LINES ? [...lines.slice(0, LINES), "…"] : lines;
    const time = new Date(until).toLocaleTimeString("en-GB");
    say(`paused   ${test}`);
    for (const line of shown) say(`paused     ${line}`);
    say(`paused   ${copy} stays as the test left it until ${time}. Log in from another terminal:`);
    for (const machine of machines) say(`paused     vmrig ssh ${machine}${words}`);
    say("paused   Press Enter to continue, Ctrl+C to end the run");
  };

  return {
    open: isWanted(say),
    attend(client, config) {
      client.onPause({
        paused(pause) {
          // The gate may have ended.
          waiting.set(pause.claim, () => void client.resume(pause.claim).catch(() => {}));
          stopReading ??= readKeys(vitest, goOn);
          void tell(pause, config);
        },
        resumed(claim) {
          waiting.delete(claim);
          if (waiting.size > 0) return;
          stopReading?.();
          stopReading = undefined;
        },
      });
    },
  };
}

function isWanted(say: (line: string) => void): boolean {
  const setting = process.env["VMRIG_PAUSE"] ?? "";
  if (setting === "") return false;
  const { stdin, stdout, env } = process;
  const why =
    setting !== ON_FAILURE
      ? `VMRIG_PAUSE is ${JSON.stringify(setting)}; the only valid value is "${ON_FAILURE}"`
      : !stdin.isTTY || !stdout.isTTY
        ? "there is no terminal to press a key in"
        : (env["CI"] ?? "") === "" || env["CI"] === "false"
          ? undefined
          : "this is CI, where no person can press a key";
  if (why !== undefined) say(`pause    failed tests do not pause: ${why}`);
  return why === undefined;
}

/**
 * Reads the keys until the returned function is called. In watch mode Vitest itself reads the keys
 * and would end the run at Enter.
 */
function readKeys(vitest: Vitest, goOn: () => void): () => void {
  const { stdin } = process;
  const others = stdin.listeners("keypress") as Array<
    (text: string, key?: { readonly name?: string }) => void
  >;
  const raw = others.length > 0;
  const onKey: (typeof others)[number] = (text, key) => {
    if (key?.name === "return" || key?.name === "enter") goOn();
    else if (text === "\u0003") for (const other of others) other(text, key);
  };
  const onLine = (): void => goOn();
  if (raw) {
    for (const other of others) stdin.off("keypress", other);
    stdin.on("keypress", onKey);
  } else stdin.on("data", onLine).resume();
  // Ctrl+C: a paused test would delay the end of the run. Vitest removes this listener with the
  // run.
  vitest.onCancel((reason) => {
    if (reason === "keyboard-input") goOn();
  });
  return () => {
    if (raw) {
      stdin.off("keypress", onKey);
      for (const other of others) stdin.on("keypress", other);
    } else stdin.off("data", onLine).pause();
  };
}
