import type { Writable } from "node:stream";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { outcome as inWords } from "../command/outcome/in-words.ts";
import type { Emulator } from "./emulator.ts";
import type { ScreenView } from "./waits.ts";

/** Sends texts to the program at a terminal. */
export interface Keyboard {
  /**
   * Sends a text after those of earlier calls. `toText` encodes it for the terminal modes at its
   * time of sending.
   *
   * @throws VmrigError `SHELL_ENDED`
   */
  send(toText: () => string): Promise<void>;
}

export interface KeyboardOptions {
  readonly input: Writable;
  readonly emulator: Pick<Emulator, "settled">;
  readonly view: ScreenView;
  /** Whether the program accepts no more input. */
  readonly isOver: () => boolean;
}

export function createKeyboard({ input, emulator, view, isOver }: KeyboardOptions): Keyboard {
  let queue: Promise<unknown> = Promise.resolve();
  return {
    send(toText) {
      const sent = queue.then(async () => {
        await emulator.settled();
        const text = toText();
        if (isOver() || !(await written(input, text))) throw await shellEnded(view);
      });
      queue = sent.catch(() => {});
      return sent;
    },
  };
}

/** Encodes typed text as a terminal does: Enter sends a carriage return. */
export function typed(text: string): string {
  return text.replace(/\r?\n/g, "\r");
}

/**
 * Encodes pasted text as a terminal does: without brackets it is typed. An escape character in the
 * text could end the brackets, so it is replaced.
 */
export function pasted(text: string, bracketed: boolean): string {
  return bracketed
    ? `\u001b[200~${typed(text).replaceAll("\u001b", "\u241b")}\u001b[201~`
    : typed(text);
}

function written(input: Writable, text: string): Promise<boolean> {
  return new Promise((resolve) =>
    input.write(text, (error) => resolve(error === undefined || error === null)),
  );
}

async function shellEnded(view: ScreenView): Promise<unknown> {
  const outcome = await view.over.catch((error: unknown) => error as Error);
  if (outcome instanceof Error) return outcome;
  return new VmrigError("SHELL_ENDED", {
    message: `The ${view.title} on ${view.context.name} ${inWords(outcome.result).replace(/\.$/, "")}, so it accepts no more input.`,
    details: (await view.look()).framed.split("\n"),
  });
}
