/** What was thrown, in words: `TypeError: fetch failed`. Never throws itself, whatever it gets. */
export function describeThrown(thrown: unknown): string {
  if (typeof thrown === "object" && thrown !== null) {
    const name = field(thrown, "name") ?? "Error";
    const message = field(thrown, "message") || inner(thrown) || field(thrown, "code");
    if (message !== undefined) return `${name}: ${message}`;
  }
  try {
    return String(thrown);
  } catch {
    // An object without a prototype, such as Vitest makes of an error's cause.
    return Object.prototype.toString.call(thrown);
  }
}

/**
 * An AggregateError often has no message of its own: Node.js throws one for a name with several
 * addresses that all refuse.
 */
function inner(thrown: object): string | undefined {
  if (!("errors" in thrown) || !Array.isArray(thrown.errors) || thrown.errors.length === 0)
    return undefined;
  return thrown.errors.map((error: unknown) => describeThrown(error)).join("; ");
}

function field(thrown: object, name: string): string | undefined {
  const value: unknown = Reflect.get(thrown, name);
  return typeof value === "string" ? value : undefined;
}
