import { invalidField } from "./api-error.ts";

export type Labels = Readonly<Record<string, string>>;

const NAME = /^[a-z\d](?:[-_.a-z\d]{0,61}[a-z\d])?$/i;
const DNS_PART = /^[a-z\d](?:[-a-z\d]*[a-z\d])?$/i;
/** Prefix that the vendor keeps for itself. */
const RESERVED = "hetzner.cloud";

/** Returns what is wrong with the labels of a request; nothing if they are fine. */
export function labelProblems(labels: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(labels).flatMap(([key, value]) => {
    const problems = [];
    if (!isKey(key)) problems.push(`key ${key} is not allowed`);
    if (typeof value !== "string" || (value !== "" && !NAME.test(value)))
      problems.push(`value of ${key} is not allowed`);
    return problems;
  });
}

/** A key is a name, or a DNS prefix, `/` and a name. */
function isKey(key: string): boolean {
  const slash = key.indexOf("/");
  if (slash === -1) return NAME.test(key);
  const prefix = key.slice(0, slash);
  return (
    NAME.test(key.slice(slash + 1)) &&
    prefix.length <= 253 &&
    prefix !== RESERVED &&
    prefix.split(".").every((part) => DNS_PART.test(part))
  );
}

/** Whether a resource with these labels is selected. */
type Selector = (labels: Labels) => boolean;

/**
 * Parses a label selector: `k`, `!k`, `k=v`, `k==v`, `k!=v`, `k in (a,b)` and `k notin (a,b)`. All
 * parts, which are separated by commas, must hold. A missing key fulfils `!=` and `notin`.
 *
 * @throws ApiError 422 for `field` if it cannot be parsed
 */
export function parseSelector(text: string, field = "label_selector"): Selector {
  const parts = text.split(/,(?![^(]*\))/).map((part) => {
    const selector = parsePart(part.trim());
    if (selector === undefined) throw invalidField(field, `"${text}" is not a label selector`);
    return selector;
  });
  return (labels) => parts.every((selects) => selects(labels));
}

function parsePart(text: string): Selector | undefined {
  const set = /^(?<key>[^\s!=,()]+)\s+(?<not>not)?in\s*\((?<values>[^()]*)\)$/.exec(text)?.groups;
  if (set !== undefined) {
    const { key = "", values = "" } = set;
    const wanted = new Set(values.split(",").map((value) => value.trim()));
    const without = set["not"] !== undefined;
    return (labels) => wanted.has(labels[key] ?? "\0") !== without;
  }
  const equal = /^(?<key>[^\s!=,()]+)\s*(?<sign>==?|!=)\s*(?<value>[^\s!=,()]*)$/.exec(
    text,
  )?.groups;
  if (equal !== undefined) {
    const { key = "", sign, value } = equal;
    return (labels) => (labels[key] === value) === (sign !== "!=");
  }
  const present = /^(?<not>!)?\s*(?<key>[^\s!=,()]+)$/.exec(text)?.groups;
  if (present === undefined) return undefined;
  const { key = "", not } = present;
  return (labels) => Object.hasOwn(labels, key) === (not === undefined);
}
