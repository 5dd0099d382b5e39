import type { Vitest } from "vitest/node";

/**
 * Reads the keys until the returned function is called. In watch mode Vitest itself reads the keys
 * and would end the run at Enter.
 */
export function readKeys(vitest: Vitest, goOn: () => void): () => void {
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
