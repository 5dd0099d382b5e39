import { VmrigError } from "../../errors/vmrig-error.ts";

/** A parsed path pattern. */
export interface GlobPattern {
  /** Folder that contains all matches: `/etc`, or empty for the user's home. */
  readonly base: string;
  /** Maximum depth below the base folder; missing with `**` and `{…}`. */
  readonly depth: number | undefined;
  /** Returns whether a path, relative to the base folder, matches. */
  readonly matches: (path: string) => boolean;
}

const MAGIC = /[*?[{\\]/;

/** Escaped characters and closed brackets, where `[`, `{` and `}` have no further meaning. */
const CLOSED = /\\.|\[[!^]?(?:\\.|[^\\/])(?:\\.|[^\]\\/])*\]/gs;

/**
 * Parses a path pattern as bash does, without its extended patterns: `*`, `?`, `[a-z]`, `[!a-z]`,
 * `{a,b}`, and `**` as a whole segment for any number of folders. A backslash escapes the next
 * character. A leading dot of a name must be written in the pattern.
 *
 * @throws VmrigError `COMMAND_INVALID` on an unclosed bracket or brace
 */
export async function toGlobPattern(pattern: string): Promise<GlobPattern> {
  const open = findUnclosed(pattern.replace(CLOSED, ""));
  if (open !== undefined) throw unclosed(open, pattern);
  const segments = pattern.split("/").filter((segment, index) => index === 0 || segment !== "");
  const magic = segments.findIndex((segment) => MAGIC.test(segment));
  // A pattern without wildcards searches the last name in its folder.
  const fixed = magic < 0 ? segments.length - 1 : magic;
  const rest = segments.slice(fixed);
  // Loaded on demand: most tests do not need it.
  const { Minimatch } = await import("minimatch");
  const matcher = new Minimatch(rest.join("/"), {
    nocomment: true,
    noext: true,
    nonegate: true,
    optimizationLevel: 0,
    platform: "linux",
  });
  return {
    base: segments.slice(0, fixed).join("/") + (fixed === 1 && segments[0] === "" ? "/" : ""),
    depth: rest.some((segment) => segment === "**" || segment.includes("{"))
      ? undefined
      : rest.length,
    matches: (path) => matcher.match(path),
  };
}

function findUnclosed(bare: string): string | undefined {
  if (bare.includes("[")) return "[";
  let braces = 0;
  for (const character of bare) {
    if (character === "{") braces += 1;
    else if (character === "}" && braces > 0) braces -= 1;
  }
  return braces > 0 ? "{" : undefined;
}

function unclosed(character: string, pattern: string): VmrigError {
  return new VmrigError("COMMAND_INVALID", {
    message: `The pattern ${JSON.stringify(pattern)} has an unclosed "${character}".`,
    hint: `write "\\\\${character}" for a literal "${character}"`,
  });
}
