/**
 * What is secret, as the end of a name: `AWS_SECRET_ACCESS_KEY`, `PGPASSWORD`, `--token`, `apiKey`.
 */
const SECRET = String.raw`(?:token|secret|password|passwd|passphrase|(?:api|access|secret|private|auth)[_-]?key)`;
/** The line in a frame around a screen is no part of one: behind a prompt there is nothing else. */
const VALUE = String.raw`(?:"(?:[^"\\]|\\.)*"|'[^']*'|(?!\*\*\*)[^\s"',;│]+)`;

const RULES: ReadonlyArray<readonly [RegExp, string]> = [
  // Up to the last @ of the authority: a password that nobody encoded may hold one itself.
  [/(\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s/:@]*):[^\s/]+@/gi, "$1:***@"],
  [/-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?(?:-----END \1-----|$)/g, "[$1 redacted]"],
  // The end of a key whose beginning was cut off, as in the last lines of an output.
  [
    /(?:^[ \t]*[A-Za-z0-9+/=]{16,}[ \t]*\r?\n){1,100}[ \t]*-----END ([A-Z ]*PRIVATE KEY)-----/gm,
    "[$1 redacted]",
  ],
  [
    /(\bauthorization["']?[=:][ \t]*["']?(?:[a-z]+[ \t]+)?)(?!(?:[a-z]+[ \t]+)?\*\*\*)[^\s"',;]+/gi,
    "$1***",
  ],
  [/(\bbearer[ \t]+)[A-Za-z0-9._~+/=-]{8,}/gi, "$1***"],
  // `"Password:" is seen` names a prompt: its quote ends there, and begins no value.
  [
    new RegExp(`(${SECRET}(?:["'](?:[ \\t]*=|:)|(?:[ \\t]*=|:)(?!["']\\s))[ \\t]*)${VALUE}`, "gi"),
    "$1***",
  ],
  // Tokens that say themselves what they are: GitHub's, GitLab's, Slack's, AWS'.
  [
    /\b(?:gh[oprsu]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}|xox[abeoprs]-[\w-]{10,}|A(?:KIA|SIA)[A-Z0-9]{16})\b/g,
    "***",
  ],
];

/**
 * Takes passwords out of URLs, private keys, tokens and `NAME_TOKEN=value` pairs. Every error text
 * passes through here.
 */
export function redact(text: string): string {
  return RULES.reduce(
    (result, [pattern, replacement]) => result.replace(pattern, replacement),
    text,
  );
}
