import { VmrigError } from "../../../errors/vmrig-error.ts";
import { quote, representable } from "../../../ssh/quote.ts";

type Place = "bare" | "single" | "double" | RefusedPlace;
type RefusedPlace =
  | "expansion"
  | "arithmetic"
  | "ansi-c"
  | "backtick"
  | "comment"
  | "here-document";

/**
 * Parses a shell line piece by piece, to know how a value must be quoted at the current position.
 */
export interface ShellContext {
  read(text: string): void;
  /**
   * Returns the value, quoted so that the shell sees exactly its characters at this position, as
   * one word or as part of the surrounding quoted text.
   *
   * @throws VmrigError `COMMAND_INVALID` where no quoting is safe
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
const WORD_START = /[ \t\n;&|(<>]/;
/** A here-document, and not a here-string. */
const HERE_DOCUMENT = /^<<(?!<)/;
const CASE = /^case\s/;

/**
 * Creates a shell context. It follows quotes, `$(…)`, `"${…}"`, arithmetic, comments and
 * here-documents. Where the shell's reading of the text is uncertain, it refuses all later values,
 * because a value that is quoted for the wrong position can run as a command.
 */
export function createShellContext(): ShellContext {
  const places: Place[] = ["bare"];
  let previous = " ";
  let escaped = false;
  let dollar = false;
  let hereDocument = false;
  let quotedCase = false;
  let uncertain: string | undefined;

  const place = (): Place => places.at(-1) ?? "bare";
  const enter = (next: Place): void => void places.push(next);

  const readBare = (character: string, rest: string): void => {
    const wordStarts = WORD_START.test(previous);
    if (character === "'") enter(dollar ? "ansi-c" : "single");
    else if (character === ")") {
      // The lone `)` of a pattern looks like the end of the substitution.
      if (quotedCase) uncertain ??= 'after a `case` inside "$(…)"';
      if (places.length > 1) places.pop();
    } else if (character === "#" && wordStarts) enter("comment");
    else if (character === "#" && previous === ")")
      uncertain ??= "after `)#`, which may begin a comment: write a space";
    else if (character === "<" && previous !== "<" && HERE_DOCUMENT.test(rest)) hereDocument = true;
    else if (character === "\n" && hereDocument) enter("here-document");
    else if (wordStarts && CASE.test(rest)) quotedCase ||= places.includes("double");
    else readOpening(character, rest);
  };

  const readOpening = (character: string, rest: string): void => {
    const here = place();
    if (character === '"') enter("double");
    else if (character === "`") enter("backtick");
    else if (character === "{" && dollar && here !== "bare") enter("expansion");
    else if (character === "[" && (dollar || here === "arithmetic")) enter("arithmetic");
    else if (character === "(") {
      if (rest.startsWith("((") && (dollar || here === "bare")) enter("arithmetic");
      else if (dollar || here === "bare") enter("bare");
      else if (here === "arithmetic") enter("arithmetic");
    }
  };

  const readQuoted = (character: string, rest: string): void => {
    const here = place();
    if (here === "comment" && character === "\n") {
      places.pop();
      readBare(character, rest);
    } else if (CLOSING[here]?.includes(character) === true) places.pop();
    else if (here === "arithmetic" && character === "'") enter("single");
    else if (here === "double" || here === "expansion" || here === "arithmetic")
      readOpening(character, rest);
  };

  const embed = (value: string): string => {
    if (escaped) throw misplaced("right after a backslash, which would escape its first character");
    const here = place();
    if (dollar && (here === "bare" || here === "double"))
      throw misplaced("right after `$`, which would make it a variable");
    const reason =
      uncertain ??
      places
        .slice(places.lastIndexOf("bare"))
        .map((around) => REFUSED[around as RefusedPlace] as string | undefined)
        .find((refused) => refused !== undefined);
    if (reason !== undefined) throw misplaced(reason);
    previous = "v";
    if (here === "single") return quote(value).slice(1, -1);
    if (here === "double") return representable(value).replace(/[\\$`"]/g, "\\$&");
    return quote(value);
  };

  return {
    read(text) {
      for (let index = 0; index < text.length; index += 1) {
        const character = text.charAt(index);
        const here = place();
        const literal = here === "single" || here === "comment" || here === "here-document";
        const wasEscaped = escaped;
        // The shell removes the two characters of a continued line before it reads the text.
        if (character === "\\" && text[index + 1] === "\n" && !wasEscaped && !literal) {
          index += 1;
          continue;
        }
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
  expansion: "}",
  arithmetic: ")]",
  "ansi-c": "'",
  backtick: "`",
};

const REFUSED: Readonly<Record<RefusedPlace, string>> = {
  expansion: 'inside "${…}"',
  arithmetic: "inside arithmetic, where quotes do not protect it",
  "ansi-c": "inside $'…', which not every shell knows",
  backtick: "inside backticks: write $(…)",
  comment: "inside a comment",
  "here-document": "inside a here-document: pass the text through the `input` option",
};

function misplaced(where: string): VmrigError {
  return new VmrigError("COMMAND_INVALID", { message: `A value cannot be used ${where}.` });
}
