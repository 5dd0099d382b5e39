import { VmrigError } from "../../../errors/vmrig-error.ts";
import { quote, representable } from "../../../ssh/quote.ts";

type Place = "bare" | "single" | "double" | "ansi-c" | "backtick" | "comment" | "here-document";

/**
 * Parses a shell line piece by piece, to know how a value must be quoted at the current position.
 */
export interface ShellContext {
  read(text: string): void;
  /**
   * Returns the value, quoted so that the shell sees exactly its characters at this position, as
   * one word or as part of the surrounding quoted text.
   */
  embed(value: string): string;
  /**
   * Returns the values as separate words.
   *
   * @throws VmrigError inside quotes, where only a single word is possible
   */
  embedAll(values: readonly string[]): string;
}

/** `#` begins a comment only after one of these characters. */
const WORD_START = /[\s;&|(]/;
const HERE_DOCUMENT = /^<<-?\s*(?:['"\\\w]|$)/;

/**
 * Creates a shell context. It follows quotes, `$(…)`, comments and here-documents. It does not
 * follow the patterns of `case` inside `$(…)`: it takes their lone `)` for the end of the
 * substitution.
 */
export function createShellContext(): ShellContext {
  const places: Place[] = ["bare"];
  let previous = " ";
  let escaped = false;
  let dollar = false;
  let hereDocument = false;

  const place = (): Place => places.at(-1) ?? "bare";
  const enter = (next: Place): void => void places.push(next);

  const readBare = (character: string, rest: string): void => {
    if (character === "'") enter(dollar ? "ansi-c" : "single");
    else if (character === '"') enter("double");
    else if (character === "`") enter("backtick");
    else if (character === "(") enter("bare");
    else if (character === ")" && places.length > 1) places.pop();
    else if (character === "#" && WORD_START.test(previous)) enter("comment");
    else if (character === "<" && previous !== "<" && HERE_DOCUMENT.test(rest)) hereDocument = true;
    else if (character === "\n" && hereDocument) enter("here-document");
  };

  const readQuoted = (character: string, rest: string): void => {
    const here = place();
    if (here === "comment" && character === "\n") {
      places.pop();
      readBare(character, rest);
    } else if (here === "double" && character === "(" && dollar) enter("bare");
    else if (here === "double" && character === "`") enter("backtick");
    else if (character === CLOSING[here]) places.pop();
  };

  const embed = (value: string): string => {
    const here = place();
    if (escaped) throw misplaced("right after a backslash, which would escape its first character");
    if (dollar && (here === "bare" || here === "double"))
      throw misplaced("right after `$`, which would make it a variable");
    previous = "v";
    switch (here) {
      case "bare":
        return quote(value);
      case "single":
        return quote(value).slice(1, -1);
      case "double":
        return representable(value).replace(/[\\$`"]/g, "\\$&");
      case "ansi-c":
      case "backtick":
      case "comment":
      case "here-document":
        throw misplaced(REFUSED[here]);
    }
  };

  return {
    read(text) {
      for (let index = 0; index < text.length; index += 1) {
        const character = text.charAt(index);
        const here = place();
        const literal = here === "single" || here === "comment" || here === "here-document";
        const wasEscaped = escaped;
        escaped = !wasEscaped && !literal && character === "\\";
        if (!wasEscaped && !escaped) {
          if (here === "bare") readBare(character, text.slice(index));
          else readQuoted(character, text.slice(index));
        }
        dollar = !wasEscaped && !literal && character === "$";
        previous = wasEscaped ? "v" : character;
      }
    },
    embed,
    embedAll(values) {
      if (place() !== "bare") throw misplaced("inside quotes, where a list has no words");
      return values.map(embed).join(" ");
    },
  };
}

const CLOSING: Readonly<Partial<Record<Place, string>>> = {
  single: "'",
  double: '"',
  "ansi-c": "'",
  backtick: "`",
};

const REFUSED = {
  "ansi-c": "inside $'…', which not every shell knows",
  backtick: "inside backticks: write $(…)",
  comment: "inside a comment",
  "here-document": "inside a here-document: pass the text through the `input` option",
} as const;

function misplaced(where: string): VmrigError {
  return new VmrigError("COMMAND_INVALID", { message: `A value cannot be used ${where}.` });
}
