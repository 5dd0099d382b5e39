import { VmrigError } from "../../errors/vmrig-error.ts";

/** A pattern of paths, taken apart. */
export interface GlobPattern {
  /**
   * The folder below which all that matches lies: `/etc`, or empty where that is the user's home.
   */
  readonly base: string;
  /** How many folders below it at most; missing with `**`. */
  readonly depth: number | undefined;
  /** Of the path below the base. */
  readonly matches: (path: string) => boolean;
}

const MAGIC = /[*?[{\\]/;

/**
 * `*` and `?` are any characters and one, but for `/`; `[a-z]` and `[!a-z]` one of those; `**` as a
 * whole segment any number of folders; `{a,b}` one of these; a backslash takes the meaning from
 * what follows. A dot at the beginning of a name must be written.
 *
 * @throws VmrigError `COMMAND_INVALID` on a bracket or brace that is not closed
 */
export function toGlobPattern(pattern: string): GlobPattern {
  const segments = pattern.split("/").filter((segment, index) => index === 0 || segment !== "");
  const magic = segments.findIndex((segment) => MAGIC.test(segment));
  // With nothing to expand the last name is looked for in its folder.
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
    message: `The pattern ${JSON.stringify(pattern)} has a "${character}" that is not closed.`,
    hint: `write "\\\\${character}" for the character itself`,
  });
}
