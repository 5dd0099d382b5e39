import { VmrigError } from "../../errors/vmrig-error.ts";

/** A parsed path pattern. */
export interface GlobPattern {
  /** Folder that contains all matches: `/etc`, or empty for the user's home. */
  readonly base: string;
  /** Maximum depth below the base folder; missing with `**`. */
  readonly depth: number | undefined;
  /** Returns whether a path, relative to the base folder, matches. */
  readonly matches: (path: string) => boolean;
}

const MAGIC = /[*?[{\\]/;

/**
 * Parses a path pattern. `*` and `?` match any characters and one character, but not `/`. `[a-z]`
 * and `[!a-z]` match one character. `**` as a whole segment matches any number of folders. `{a,b}`
 * matches one of the alternatives. A backslash escapes the next character. A leading dot of a name
 * must be written in the pattern.
 *
 * @throws VmrigError `COMMAND_INVALID` on an unclosed bracket or brace
 */
export function toGlobPattern(pattern: string): GlobPattern {
  const segments = pattern.split("/").filter((segment, index) => index === 0 || segment !== "");
  const magic = segments.findIndex((segment) => MAGIC.test(segment));
  // A pattern without wildcards searches the last name in its folder.
  const fixed = magic < 0 ? segments.length - 1 : magic;
  const rest = segments.slice(fixed);
  const expression = new RegExp(
    `^${rest.map((segment, index) => toSource(segment, index === rest.length - 1, pattern)).join("")}$`,
    "su",
  );
  return {
    base: segments.slice(0, fixed).join("/") + (fixed === 1 && segments[0] === "" ? "/" : ""),
    depth: rest.some((segment) => segment === "**" || segment.includes("{"))
      ? undefined
      : rest.length,
    matches: (path) => expression.test(path),
  };
}

const HIDDEN = String.raw`(?!\.)`;

function toSource(segment: string, last: boolean, pattern: string): string {
  if (segment === "**") return last ? `(?:${HIDDEN}[^/]+/)*${HIDDEN}[^/]+` : `(?:${HIDDEN}[^/]+/)*`;
  let source = /^[*?[]/.test(segment) ? HIDDEN : "";
  let braces = 0;
  for (let index = 0; index < segment.length; index += 1) {
    const character = segment.charAt(index);
    const rest = segment.slice(index);
    const [set, not = "", members = ""] = /^\[([!^]?)(\]?[^\]]*)\]/.exec(rest) ?? [];
    if (character === "\\" && index + 1 < segment.length)
      source += escaped(segment.charAt((index += 1)));
    else if (character === "*") source += "[^/]*";
    else if (character === "?") source += "[^/]";
    else if (set !== undefined) {
      source += `(?!/)[${not === "" ? "" : "^"}${members.replace(/[\\\]^[&|~]/g, String.raw`\$&`)}]`;
      index += set.length - 1;
    } else if (character === "{" && rest.includes("}")) {
      braces += 1;
      source += "(?:";
    } else if (character === "}" && braces > 0) {
      braces -= 1;
      source += ")";
    } else if (character === "," && braces > 0) source += "|";
    else if (character === "[" || character === "{") throw unclosed(character, pattern);
    else source += escaped(character);
  }
  if (braces > 0) throw unclosed("{", pattern);
  return last ? source : `${source}/`;
}

function escaped(character: string): string {
  return character.replace(/[$()*+.?[\\\]^{|}/-]/, String.raw`\$&`);
}

function unclosed(character: string, pattern: string): VmrigError {
  return new VmrigError("COMMAND_INVALID", {
    message: `The pattern ${JSON.stringify(pattern)} has an unclosed "${character}".`,
    hint: `write "\\\\${character}" for a literal "${character}"`,
  });
}
