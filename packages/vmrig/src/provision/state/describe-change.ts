import { z } from "zod";

const STATE = z.object({
  resources: z.array(
    z.looseObject({
      module: z.string().optional(),
      mode: z.string(),
      type: z.string(),
      name: z.string(),
      instances: z.array(z.unknown()),
    }),
  ),
});

/**
 * Returns what a new version of a state changes, for its history: `+2 -0 ~1`, in resources. A state
 * that OpenTofu encrypted has no readable resources.
 */
export function describeChange(before: string, after: string): string {
  const [old, next] = [resourcesOf(before), resourcesOf(after)];
  if (old === undefined || next === undefined) return "encrypted";
  const added = [...next.keys()].filter((address) => !old.has(address)).length;
  const removed = [...old.keys()].filter((address) => !next.has(address)).length;
  const changed = [...next].filter(
    ([address, text]) => old.has(address) && old.get(address) !== text,
  ).length;
  return `+${added} -${removed} ~${changed}`;
}

/** Returns the resources of a state: address → content. */
function resourcesOf(text: string): ReadonlyMap<string, string> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const state = STATE.safeParse(value).data;
  if (state === undefined) return undefined;
  return new Map(
    state.resources
      .filter(({ mode, instances }) => mode === "managed" && instances.length > 0)
      .map((resource) => {
        const { module, type, name, instances } = resource;
        const address = [module, type, name].filter((part) => part !== undefined).join(".");
        return [address, JSON.stringify(instances)] as const;
      }),
  );
}
