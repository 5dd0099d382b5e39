/**
 * The end of a name that has a secret value: `AWS_SECRET_ACCESS_KEY`, `PGPASSWORD`, `--token`,
 * `apiKey`.
 */
const SECRET = String.raw`(?:token|secret|password|passwd|passphrase|(?:api|access|secret|private|auth)[_-]?key)`;
/** A secret value. The frame around a screen (`│`) is excluded: nothing secret follows a prompt. */
const VALUE = String.raw`(?:"(?:[^"\\]|\\.)*"|'[^']*'|(?!\*\*\*)[^\s"',;│]+)`;

const RULES: ReadonlyArray<readonly [RegExp, string]> = [
  // Up to the last @ of the authority: a password that is not URL-encoded may contain an @.
  [/(\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s/:@]*):[^\s/]+@/gi, "$1:***@"],
  [/-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?(?:-----END \1-----|$)/g, "[$1 redacted]"],
  // The end of a key whose beginning is missing, as in the last lines of an output.
  [
    /(?:^[ \t]*[A-Za-z0-9+/=]{16,}[ \t]*\r?\n){1,100}[ \t]*-----END ([A-Z ]*PRIVATE KEY)-----/gm,
    "[$1 redacted]",
  ],
  [
    /(\bauthorization["']?[=:][ \t]*["']?(?:[a-z]+[ \t]+)?)(?!(?:[a-z]+[ \t]+)?\*\*\*)[^\s"',;]+/gi,
    "$1***",
  ],
  [/(\bbearer[ \t]+)[A-Za-z0-9._~+/=-]{8,}/gi, "$1***"],
  // `"Password:" is seen` names a prompt: the quote after the colon ends the prompt and starts no
  // value.
  [
    new RegExp(`(${SECRET}(?:["'](?:[ \\t]*=|:)|(?:[ \\t]*=|:)(?!["']\\s))[ \\t]*)${VALUE}`, "gi"),
    "$1***",
  ],
  // Tokens with a recognisable prefix: GitHub, GitLab, Slack, AWS.
  [
    /\b(?:gh[oprsu]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}|xox[abeoprs]-[\w-]{10,}|A(?:KIA|SIA)[A-Z0-9]{16})\b/g,
    "***",
  ],
];

/**
 * Removes passwords in URLs, private keys, tokens and the values of `NAME_TOKEN=value` pairs. Every
 * error text passes through this function.
 */
export function redact(text: string): string {
  return RULES.reduce(
    (result, [pattern, replacement]) => result.replace(pattern, replacement),
    text,
  );
}
