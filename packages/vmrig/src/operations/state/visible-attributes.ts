import { z } from "zod";
import type { StateInstance } from "../../provision/state/resources.ts";

/** Terraform's form of a path: `[{ "type": "get_attr", "value": "password" }, …]`. */
const PATH = z.tuple(
  [z.looseObject({ type: z.literal("get_attr"), value: z.string() })],
  z.unknown(),
);
/** Names of secrets that the state does not mark. */
const SECRET_NAME = /pass|secret|token|credential|(?:private|api|access)_?key/i;
const HIDDEN = "(sensitive)";

/**
 * Returns the attributes of a resource without sensitive values: those that Terraform marked, with
 * everything beside them in the same attribute, and those whose name says so.
 */
export function visibleAttributes({
  attributes,
  sensitive,
}: Pick<StateInstance, "attributes" | "sensitive">): Record<string, unknown> {
  const paths = sensitive.map((path) => PATH.safeParse(path).data?.[0].value);
  const hidesAll = paths.includes(undefined);
  const marked = new Set(paths);
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      hidesAll || marked.has(name) || SECRET_NAME.test(name) ? HIDDEN : hideNamed(value),
    ]),
  );
}

function hideNamed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hideNamed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      SECRET_NAME.test(name) ? HIDDEN : hideNamed(inner),
    ]),
  );
}
