const KEY = Symbol.for("vmrig.test.files");

/** On `globalThis`: without isolation it lasts as long as the worker. */
export function filesOfThisWorker(): string[] {
  const global = globalThis as { [KEY]?: string[] };
  return (global[KEY] ??= []);
}
