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
