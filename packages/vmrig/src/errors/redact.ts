const RULES: ReadonlyArray<readonly [RegExp, string]> = [
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/@]+@/gi, "$1:***@"],
  [/-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?(-----END \1-----|$)/g, "[$1 redacted]"],
  [/\b((?:[A-Z0-9]+_)*(?:TOKEN|SECRET|PASSWORD|PASSWD|API_KEY)\s*[=:]\s*)(?!\*\*\*)[^\s"',;]+/gi, "$1***"],
];

/** Takes passwords out of URLs, private keys and `NAME_TOKEN=value` pairs. Every error text passes through here. */
export function redact(text: string): string {
  return RULES.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text);
}
