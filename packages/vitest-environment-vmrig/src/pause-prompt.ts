import type { Vitest } from "vitest/node";
import type { GateClient, Paused } from "vmrig/runner";

/**
 * Where a person tells runs that are paused at a failed test to go on: the terminal of the main
 * process, for all gates of one Vitest.
 */
export interface PausePrompt {
  /** Whether failed tests pause. */
  readonly open: boolean;
  attend(client: GateClient, config: string): void;
}

export interface PausePromptOptions {
  readonly vitest: Vitest;
  readonly say: (line: string) => void;
  /** Says how a command finds the config: nothing where it finds it by itself. */
  readonly configWords: (config: string) => Promise<string>;
}

const WISH = "on-failure";
/** Lines of an error that are shown. */
const LINES = 40;

export function createPausePrompt({ vitest, say, configWords }: PausePromptOptions): PausePrompt {
  const waiting = new Map<string, () => void>();
  let rise: (() => void) | undefined;
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
    say(
      `paused   the machines of ${copy} are as it left them, until ${time}. Get in from another terminal:`,
    );
    for (const machine of machines) say(`paused     vmrig ssh ${machine}${words}`);
    say("paused   Enter goes on, Ctrl+C ends the run");
  };

  return {
    open: isWanted(say),
    attend(client, config) {
      client.onPause({
        paused(pause) {
          waiting.set(pause.claim, () => void client.resume(pause.claim).catch(() => {})); // a gate that is gone pauses nothing
          rise ??= sitDown(vitest, goOn);
          void tell(pause, config);
        },
        resumed(claim) {
          waiting.delete(claim);
          if (waiting.size > 0) return;
          rise?.();
          rise = undefined;
        },
      });
    },
  };
}

function isWanted(say: (line: string) => void): boolean {
  const wish = process.env["VMRIG_PAUSE"] ?? "";
  if (wish === "") return false;
  const { stdin, stdout, env } = process;
  const why =
    wish !== WISH
      ? `VMRIG_PAUSE is ${JSON.stringify(wish)}, and can be "${WISH}" alone`
      : !stdin.isTTY || !stdout.isTTY
        ? "there is no terminal at which somebody could press a key"
        : (env["CI"] ?? "") === "" || env["CI"] === "false"
          ? undefined
          : "this is CI, where nobody presses a key";
  if (why !== undefined) say(`pause    failed tests do not pause: ${why}`);
  return why === undefined;
}

/**
 * Takes the keys until the function that it returns is called. In watch mode Vitest has them, and
 * would end the run at Enter.
 */
function sitDown(vitest: Vitest, goOn: () => void): () => void {
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
  // Ctrl+C: whoever waits would hold the end of the run up. Vitest forgets this with the run.
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
