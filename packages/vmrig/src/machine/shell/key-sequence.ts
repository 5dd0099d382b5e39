import { VmrigError } from "../../errors/vmrig-error.ts";
import { CURSOR, FUNCTION, EDITING, NUMBERED, PLAIN, ESC } from "./key-tables.ts";

export interface KeyModes {
  /**
   * Whether the program switched the cursor keys to application mode (DECCKM), as `less` and `vi`
   * do.
   */
  readonly applicationCursor: boolean;
}

interface Held {
  readonly ctrl: boolean;
  readonly alt: boolean;
  readonly shift: boolean;
}

/**
 * Returns the sequence that xterm sends for a key.
 *
 * @throws VmrigError `COMMAND_INVALID` on an unknown key
 */
export function toSequence(key: string, { applicationCursor }: KeyModes): string {
  const { held, name } = split(key);
  const modifier = 1 + (held.shift ? 1 : 0) + (held.alt ? 2 : 0) + (held.ctrl ? 4 : 0);
  const letter = CURSOR.get(name) ?? FUNCTION.get(name);
  if (letter !== undefined) {
    if (modifier > 1) return `${ESC}[1;${modifier}${letter}`;
    return `${ESC}${FUNCTION.has(name) || applicationCursor ? "O" : "["}${letter}`;
  }
  const number = NUMBERED.get(name);
  if (number !== undefined) return `${ESC}[${number}${modifier > 1 ? `;${modifier}` : ""}~`;
  const sent = !PLAIN.has(name) ? character(name, held) : plain(name, held);
  if (sent === undefined) throw noKey(key);
  return held.alt ? `${ESC}${sent}` : sent;
}

/** Splits a combination at its `+`, but not at the key `+`. */
function split(key: string): { readonly held: Held; readonly name: string } {
  const words = key.split(/\+(?=.)/);
  const name = words.pop() ?? "";
  if (name === "" || words.some((word) => !["Ctrl", "Alt", "Shift"].includes(word)))
    throw noKey(key);
  return {
    name,
    held: {
      ctrl: words.includes("Ctrl"),
      alt: words.includes("Alt"),
      shift: words.includes("Shift"),
    },
  };
}

function plain(name: string, { ctrl, shift }: Held): string | undefined {
  if (name === "Tab" && shift) return `${ESC}[Z`;
  if (name === "Backspace" && ctrl) return "\b";
  if (name === "Space" && ctrl) return "\0";
  return PLAIN.get(name);
}

function character(name: string, { ctrl, shift }: Held): string | undefined {
  if (!/^[!-~]$/.test(name)) return undefined;
  const letter = /^[A-Za-z]$/.test(name);
  if (shift && !letter) return undefined;
  if (!ctrl) return shift ? name.toUpperCase() : name;
  if (shift) return undefined;
  if (name === "?") return "\u007f";
  if (name === "/") return "\u001f";
  return letter || /^[@[\\\]^_]$/.test(name)
    ? String.fromCharCode(name.toUpperCase().charCodeAt(0) & 0x1f)
    : undefined;
}

function noKey(key: string): VmrigError {
  return new VmrigError("COMMAND_INVALID", {
    message: `${JSON.stringify(key)} is not a key that a terminal can send.`,
    details: [
      `keys: ${[...PLAIN.keys(), ...CURSOR.keys(), ...Object.keys(EDITING)].join(", ")}, F1 … F12, any ASCII character`,
      "modifiers in front of a key, in this order: Ctrl+, Alt+, Shift+",
    ],
    hint: "use type() for text",
  });
}
