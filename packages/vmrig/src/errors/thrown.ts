/** Describes a thrown value: `TypeError: fetch failed`. Never throws, whatever the value is. */
export function describeThrown(thrown: unknown): string {
  if (typeof thrown === "object" && thrown !== null) {
    const name = field(thrown, "name") ?? "Error";
    const message = field(thrown, "message") || inner(thrown) || field(thrown, "code");
    if (message !== undefined) return `${name}: ${message}`;
  }
  try {
    return String(thrown);
  } catch {
    // An object without a prototype. Vitest turns the cause of an error into such an object.
    return Object.prototype.toString.call(thrown);
  }
}

/**
 * Describes the errors inside an AggregateError. The AggregateError itself often has no message:
 * Node.js throws one when a name has several addresses and all of them refuse.
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
