import { redact } from "../errors/redact.ts";

/** Shorter ones are no secrets, and a text without them could not be read. */
const SHORTEST = 4;
/** Of more input than this, the rest is data: to look for each of its lines would take seconds. */
const MAX_BYTES = 65_536;
/** The oldest are forgotten first. */
const MAX_SECRETS = 10_000;

/** What must not be shown of a claim's commands. */
export interface Secrets {
  add(secret: string | Uint8Array): void;
  /** Takes out all that was added, and what says itself that it is secret. */
  hide(text: string): string;
}

export function createSecrets(named: readonly string[] = []): Secrets {
  /** As they were given: what is in them is looked for only when something is shown. */
  const given = new Set<string | Uint8Array>(named);

  let words: readonly string[] | undefined;
  const toWords = (): string[] => {
    const texts = [...given].map((secret) =>
      typeof secret === "string" ? secret : Buffer.from(secret).toString("utf8"),
    );
    // A text of many lines is also secret line by line: that is how a log shows it. And so it
    // stands in a quoted word, or in JSON.
    const pieces = texts
      .flatMap((text) => [text, ...text.split("\n")])
      .map((piece) => piece.trim());
    const forms = pieces.flatMap((piece) => [
      piece,
      piece.replaceAll("'", `'\\''`),
      JSON.stringify(piece).slice(1, -1),
    ]);
    // The longest first: one may be a part of another.
    return [...new Set(forms)]
      .filter((form) => form.length >= SHORTEST)
      .sort((a, b) => b.length - a.length);
  };

  return {
    add(secret) {
      if (secret.length < SHORTEST) return;
      words = undefined;
      given.add(secret.length <= MAX_BYTES ? secret : secret.slice(0, MAX_BYTES));
      if (given.size > MAX_SECRETS)
        for (const oldest of [...given].slice(named.length, named.length + 1)) given.delete(oldest);
    },
    hide: (text) =>
      redact((words ??= toWords()).reduce((result, word) => result.replaceAll(word, "***"), text)),
  };
}

/** The same error, everywhere in it, its own fields and causes too. */
export function hideIn(
  value: unknown,
  { hide }: Pick<Secrets, "hide">,
  seen = new Set<unknown>(),
): void {
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  seen.add(value);
  for (const key of Object.getOwnPropertyNames(value)) {
    const known = Object.getOwnPropertyDescriptor(value, key);
    if (known === undefined || !("value" in known)) continue;
    if (typeof known.value !== "string") hideIn(known.value, { hide }, seen);
    else if (known.writable === true) Object.assign(value, { [key]: hide(known.value) });
  }
}
