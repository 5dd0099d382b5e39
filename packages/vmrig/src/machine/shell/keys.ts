import { VmrigError } from "../../errors/vmrig-error.ts";

type Lower =
  | ("a" | "b" | "c" | "d" | "e" | "f" | "g" | "h" | "i" | "j" | "k" | "l" | "m")
  | ("n" | "o" | "p" | "q" | "r" | "s" | "t" | "u" | "v" | "w" | "x" | "y" | "z");
type Letter = Lower | Uppercase<Lower>;
type Digit = "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9";
type Sign =
  | (
      | "!"
      | '"'
      | "#"
      | "$"
      | "%"
      | "&"
      | "'"
      | "("
      | ")"
      | "*"
      | "+"
      | ","
      | "-"
      | "."
      | "/"
      | ":"
      | ";"
    )
  | ("<" | "=" | ">" | "?" | "@" | "[" | "\\" | "]" | "^" | "_" | "`" | "{" | "|" | "}" | "~");
/** Characters that form a control character together with Ctrl. */
type ControlSign = "@" | "[" | "\\" | "]" | "^" | "_" | "?" | "/";

type FunctionKey = `F${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12}`;
type EditingKey =
  | "ArrowUp"
  | "ArrowDown"
  | "ArrowLeft"
  | "ArrowRight"
  | "Home"
  | "End"
  | "Insert"
  | "Delete"
  | "PageUp"
  | "PageDown";
type PlainKey = "Enter" | "Tab" | "Escape" | "Backspace" | "Space";
type NamedKey = FunctionKey | EditingKey | PlainKey;

type Modifiers =
  | "Ctrl"
  | "Alt"
  | "Shift"
  | "Ctrl+Alt"
  | "Ctrl+Shift"
  | "Alt+Shift"
  | "Ctrl+Alt+Shift";

/**
 * A key of the keyboard with its modifiers: `Enter`, `q`, `Ctrl+C`, `Alt+x`, `Shift+Tab`,
 * `Ctrl+ArrowLeft`, `F10`.
 */
export type Key =
  | NamedKey
  | Letter
  | Digit
  | Sign
  | `${Modifiers}+${NamedKey}`
  | `${"Ctrl" | "Ctrl+Alt"}+${Letter | ControlSign}`
  | `Alt+${Letter | Digit | Sign}`
  | `${"Shift" | "Alt+Shift"}+${Letter}`;

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
 * Keys with a final letter, and keys with a number: "PC-Style Function Keys" of xterm's ctlseqs.
 */
const CURSOR = tableOf({
  ArrowUp: "A",
  ArrowDown: "B",
  ArrowRight: "C",
  ArrowLeft: "D",
  Home: "H",
  End: "F",
});
const FUNCTION = tableOf({ F1: "P", F2: "Q", F3: "R", F4: "S" });
const EDITING = { Insert: 2, Delete: 3, PageUp: 5, PageDown: 6 };
const NUMBERED = tableOf({
  ...EDITING,
  F5: 15,
  F6: 17,
  F7: 18,
  F8: 19,
  F9: 20,
  F10: 21,
  F11: 23,
  F12: 24,
});
const PLAIN = tableOf({
  Enter: "\r",
  Tab: "\t",
  Escape: "\u001b",
  Backspace: "\u007f",
  Space: " ",
});
const ESC = "\u001b";

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

/** Builds a map. A plain object would also contain `constructor` as a key. */
function tableOf<Value>(entries: Readonly<Record<string, Value>>): ReadonlyMap<string, Value> {
  return new Map(Object.entries(entries));
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
