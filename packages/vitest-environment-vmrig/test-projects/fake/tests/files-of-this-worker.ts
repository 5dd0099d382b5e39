const KEY = Symbol.for("vmrig.test.files");

/** On `globalThis`, which lasts as long as the worker without isolation. */
export function filesOfThisWorker(): string[] {
  const global = globalThis as { [KEY]?: string[] };
  return (global[KEY] ??= []);
}
