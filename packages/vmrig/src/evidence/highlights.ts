import type { EvidencePart } from "./part.ts";
import type { Transcript } from "./transcript.ts";

const COMMANDS = 5;
const LINES = 3;
/** Words of those who report that something went wrong. */
const BAD =
  /\b(?:error|errors|fail(?:ed|ure|s)?|fatal|panic|oops|denied|refused|segfault|killed|out of memory|cannot|could not|unable)\b/i;

/** Nearly all of them are vmrig's own: it looks at a machine as root. */
const COMINGS_AND_GOINGS = /^\S+ \S+ (?:sudo|sshd|sshd-session|systemd-logind)\[/;

/**
 * The few lines that most likely tell why a test failed. Where no line complains, the last one of a
 * journal may be it.
 */
export function highlights(transcript: Transcript, parts: readonly EvidencePart[]): string[] {
  const { count } = transcript;
  const commands = transcript.brief(COMMANDS);
  const title =
    count === 0
      ? "no command was run"
      : commands.length < count
        ? `the last of ${count} commands:`
        : "commands:";
  return [
    title,
    ...commands.map((line) => `  ${line}`),
    ...parts.flatMap(linesOf),
    ...absent(parts),
  ];
}

function linesOf({ kind, title, got }: EvidencePart): string[] {
  if ("missing" in got) return [];
  const lines = got.text
    .split("\n")
    .filter((line) => line.trim() !== "" && !(kind === "journal" && COMINGS_AND_GOINGS.test(line)));
  // All that is listed there is wrong.
  const bad = kind === "units" ? lines : lines.filter((line) => BAD.test(line));
  const shown = bad.length > 0 ? bad.slice(-LINES) : kind === "journal" ? lines.slice(-1) : [];
  return shown.length === 0
    ? []
    : [
        `${title}:`,
        ...shown.map((line) => `  ${line.length > 200 ? `${line.slice(0, 200)} …` : line}`),
      ];
}

/** What could not be had, together where the reason is the same. */
function absent(parts: readonly EvidencePart[]): string[] {
  const titles = new Map<string, string[]>();
  for (const { title, got } of parts) {
    if ("missing" in got) titles.set(got.missing, [...(titles.get(got.missing) ?? []), title]);
  }
  return [...titles].map(([why, of]) => `not to be had: ${of.join(", ")}: ${why}`);
}
