import { redact } from "../errors/redact.ts";

/** Shorter strings are not hidden, because hiding them would make a text unreadable. */
const SHORTEST = 4;
/** Larger input is data: searching for each of its lines would take seconds. */
const MAX_BYTES = 65_536;
/** Beyond this number, the oldest secrets are dropped. */
const MAX_SECRETS = 10_000;

/** Secrets that must not appear in the output of a claim. */
export interface Secrets {
  add(secret: string | Uint8Array): void;
  /** Replaces all added secrets, and text that is recognisable as a secret. */
  hide(text: string): string;
}

export function createSecrets(named: readonly string[] = []): Secrets {
  /** Secrets as added; their search forms are built only when a text is shown. */
  const added = new Set<string | Uint8Array>(named);

  let words: readonly string[] | undefined;
  const toWords = (): string[] => {
    const texts = [...added].map((secret) =>
      typeof secret === "string" ? secret : Buffer.from(secret).toString("utf8"),
    );
    // Each line of a multi-line text is secret too, because a log shows single lines. The same
    // applies to forms quoted for a shell or for JSON.
    const pieces = texts
      .flatMap((text) => [text, ...text.split("\n")])
      .map((piece) => piece.trim());
    const forms = pieces.flatMap((piece) => [
      piece,
      piece.replaceAll("'", `'\\''`),
      JSON.stringify(piece).slice(1, -1),
    ]);
    // Longest first: one secret may be a part of another.
    return [...new Set(forms)]
      .filter((form) => form.length >= SHORTEST)
      .sort((a, b) => b.length - a.length);
  };

  return {
    add(secret) {
      if (secret.length < SHORTEST) return;
      words = undefined;
      added.add(secret.length <= MAX_BYTES ? secret : secret.slice(0, MAX_BYTES));
      if (added.size > MAX_SECRETS)
        for (const oldest of [...added].slice(named.length, named.length + 1)) added.delete(oldest);
    },
    hide: (text) =>
      redact((words ??= toWords()).reduce((result, word) => result.replaceAll(word, "***"), text)),
  };
}

/** Hides secrets in place everywhere in an error: message, stack, fields and causes. */
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
