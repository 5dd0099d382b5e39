import type { EvidencePart } from "./part.ts";
import type { Transcript } from "./transcript.ts";

const COMMANDS = 5;
const LINES = 3;
/** Words that indicate a problem. */
const BAD =
  /\b(?:error|errors|fail(?:ed|ure|s)?|fatal|panic|oops|denied|refused|segfault|killed|out of memory|cannot|could not|unable)\b/i;

/** Nearly all of these lines come from vmrig's own logins, because it queries a machine as root. */
const LOGIN_LINE = /^\S+ \S+ (?:sudo|sshd|sshd-session|systemd-logind)\[/;

/**
 * Returns the few lines that most likely explain a failed test. Without a line that indicates a
 * problem, returns the last line of a journal.
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
    .filter((line) => line.trim() !== "" && !(kind === "journal" && LOGIN_LINE.test(line)));
  // Every listed unit indicates a problem.
  const bad = kind === "units" ? lines : lines.filter((line) => BAD.test(line));
  const shown = bad.length > 0 ? bad.slice(-LINES) : kind === "journal" ? lines.slice(-1) : [];
  return shown.length === 0
    ? []
    : [
        `${title}:`,
        ...shown.map((line) => `  ${line.length > 200 ? `${line.slice(0, 200)} …` : line}`),
      ];
}

/** Lists the missing parts, grouped by reason. */
function absent(parts: readonly EvidencePart[]): string[] {
  const titles = new Map<string, string[]>();
  for (const { title, got } of parts) {
    if ("missing" in got) titles.set(got.missing, [...(titles.get(got.missing) ?? []), title]);
  }
  return [...titles].map(([why, of]) => `not available: ${of.join(", ")}: ${why}`);
}
