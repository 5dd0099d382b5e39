import type { Vitest } from "vitest/node";
import type { GateClient, Paused } from "vmrig/runner";
import { readKeys } from "./read-keys.ts";
import { isPauseWanted } from "./pause-setting.ts";

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
    open: isPauseWanted(say),
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
