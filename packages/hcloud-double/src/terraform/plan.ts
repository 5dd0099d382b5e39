import { UNKNOWN, type Type, type Values } from "@vmrig/terraform-plugin";
import type { Kind, KindSchema, PlannedAttribute, PlannedBlock } from "./kind.ts";

interface Plan {
  readonly planned: Values;
  /** Names of the attributes whose new value replaces the resource. */
  readonly replacing: readonly string[];
}

interface PlanRequest {
  readonly prior: Values | undefined;
  readonly config: Values;
  /**
   * Terraform's merge of the configuration and the prior state: a computed value is null only if
   * nothing is known about it.
   */
  readonly proposed: Values;
}

/** Plans as the Terraform Plugin SDK 2 does. */
export function plan(kind: Kind, { prior, config, proposed }: PlanRequest): Plan {
  const { attributes, blocks = {} } = kind.schema;
  const values: Values = {};
  for (const [name, attribute] of Object.entries(attributes)) {
    const { type, computed, default: standard } = attribute;
    const before = prior?.[name] ?? null;
    const value = config[name] === null && standard !== undefined ? standard : proposed[name];
    values[name] = whole(value ?? null);
    if (values[name] !== null) continue;
    if (computed) values[name] = prior === undefined ? UNKNOWN : before;
    else if (Array.isArray(type) && type[0] === "map" && before !== null) values[name] = {};
  }
  for (const [name, block] of Object.entries(blocks)) {
    const configured = (proposed[name] ?? null) as readonly Values[] | null;
    const before = (prior?.[name] ?? []) as readonly Values[];
    const isKept = block.isKept && configured?.length === 0;
    if (block.nesting === "single") values[name] = configured;
    else values[name] = isKept ? before : plannedSet(configured ?? [], block, before);
  }
  const planned = kind.adjustPlan?.(values) ?? values;
  const replacing = Object.entries(attributes)
    .filter(([name, { replaces }]) => replaces && prior && !isSame(prior[name], planned[name]))
    .map(([name]) => name);
  return { planned, replacing };
}

/** The SDK knows no list with unknown elements. */
function whole(value: unknown): unknown {
  return Array.isArray(value) && value.includes(UNKNOWN) ? UNKNOWN : value;
}

/**
 * A nested block has no null: what is not configured is empty, or known after the apply. An element
 * that equals a prior one but for what the provider computes is that element.
 */
function plannedSet(
  elements: readonly Values[],
  { attributes }: PlannedBlock,
  before: readonly Values[],
): Values[] {
  const filled = (element: Values, instead: (attribute: PlannedAttribute) => unknown): Values =>
    Object.fromEntries(
      Object.entries(attributes).map(([name, attribute]) => [
        name,
        element[name] ?? attribute.default ?? instead(attribute),
      ]),
    );
  const inputs = Object.entries(attributes)
    .filter(([, { optional = false, required = false }]) => optional || required)
    .map(([name]) => name);
  return elements.map((element) => {
    const known = filled(element, ({ type }) => emptyValue(type));
    const same = before.find((each) => inputs.every((name) => isSame(each[name], known[name])));
    const unknown = filled(element, ({ type, computed }) =>
      computed ? UNKNOWN : emptyValue(type),
    );
    return same ?? unknown;
  });
}

/** Returns the values without unknown ones, as a create or an update begins with them. */
export function withoutUnknown(planned: Values, { blocks = {} }: KindSchema): Values {
  const known = (value: unknown, instead: unknown): unknown =>
    value === UNKNOWN ? instead : value;
  return Object.fromEntries(
    Object.entries(planned).map(([name, value]) => {
      const block = blocks[name];
      if (block?.nesting !== "set") return [name, known(value, null)];
      const elements = (value as readonly Values[]).map((element) =>
        Object.fromEntries(
          Object.entries(element).map(([key, each]) => [
            key,
            known(each, emptyValue(block.attributes[key]?.type ?? "string")),
          ]),
        ),
      );
      return [name, elements];
    }),
  );
}

function emptyValue(type: Type): unknown {
  if (type === "string") return "";
  if (type === "number") return 0;
  return type === "bool" ? false : [];
}

export function isSame(one: unknown, other: unknown): boolean {
  if (one === UNKNOWN || other === UNKNOWN) return one === other;
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

/** The keys of a map have no order. Terraform has ordered the elements of sets. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value ?? null;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, each]) => [key, sorted(each)]);
}
