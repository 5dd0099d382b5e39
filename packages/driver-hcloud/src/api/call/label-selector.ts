import { VmrigError } from "vmrig/driver";

/** Labels of a resource. */
export type Labels = Readonly<Record<string, string>>;

/**
 * Conditions on labels, all of which must hold: a value, one of several values, or `true` for any
 * value.
 */
export type LabelQuery = Readonly<Record<string, string | readonly string[] | true>>;

const NAME = /^[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?$/;
const PREFIX =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

/**
 * Writes a label selector. Its syntax has no escapes, so a text that is no label is an error: it
 * would select something else, and the caller may be about to delete what is selected.
 *
 * @throws VmrigError `CONFIG_INVALID`; also without any condition, which would select everything
 */
export function labelSelector(query: LabelQuery): string {
  const conditions = Object.entries(query).map(([key, wanted]) => {
    checkKey(key);
    if (wanted === true) return key;
    const values = typeof wanted === "string" ? [wanted] : wanted;
    for (const value of values) checkValue(key, value);
    if (values.length === 0) refuse(`The label "${key}" is compared with no value.`);
    return typeof wanted === "string" ? `${key}=${wanted}` : `${key} in (${values.join(",")})`;
  });
  if (conditions.length === 0) refuse("A search by labels has no label.");
  return conditions.join(",");
}

/**
 * Checks labels that a resource gets.
 *
 * @throws VmrigError `CONFIG_INVALID`
 */
export function checkLabels(labels: Labels): void {
  for (const [key, value] of Object.entries(labels)) {
    checkKey(key);
    checkValue(key, value);
    if (/^(?:.+\.)?hetzner\.cloud\//.test(key)) refuse(`The prefix of label "${key}" is reserved.`);
  }
}

/** Tells whether a resource has all of these labels with these values. */
export const hasLabels = (resource: { readonly labels: Labels }, wanted: Labels): boolean =>
  Object.entries(wanted).every(([key, value]) => resource.labels[key] === value);

function checkKey(key: string): void {
  const slash = key.indexOf("/");
  if (NAME.test(key.slice(slash + 1)) && (slash === -1 || PREFIX.test(key.slice(0, slash)))) return;
  refuse(`"${key}" is no key of a label.`);
}

function checkValue(key: string, value: string): void {
  if (value !== "" && !NAME.test(value))
    refuse(`The label "${key}" cannot have the value "${value}".`);
}

function refuse(message: string): never {
  throw new VmrigError("CONFIG_INVALID", {
    message,
    hint: "use at most 63 letters, digits, dots, dashes and underscores, with a letter or digit at both ends",
  });
}
