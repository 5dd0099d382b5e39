import type { AccountResource } from "../../../driver/account.ts";
import type { CopyFacts } from "./copy-facts.ts";

/**
 * Whether a resource of an account is still needed.
 *
 * - `needed`: a state has it.
 * - `gone`: nothing needs it, and vmrig removes it when told to.
 * - `unproven`: vmrig cannot know. A person who knows may name its `owner`, if it has one.
 */
export type Verdict =
  | { readonly is: "needed" }
  | { readonly is: "gone"; readonly why: string }
  | { readonly is: "unproven"; readonly why: string; readonly owner?: string };

export interface JudgeOptions {
  readonly facts: CopyFacts;
  /** Printable place of the states. */
  readonly shown: string;
  /** Owners whose states are gone, as a person said. */
  readonly owners: ReadonlySet<string>;
}

/** The provider's times have whole seconds, and its clock is not that of the writer of the state. */
const CLOCKS_DIFFER_MS = 300_000;

/**
 * Judges a resource whose labels name a copy that no run has leased. Fails closed: the account may
 * have rigs with states in other stores, also rigs with the same name.
 */
export function judgeResource(
  { type, id, createdAt, belongs }: AccountResource,
  { facts, shown, owners }: JudgeOptions,
): Verdict {
  if (belongs.to !== "copy")
    return { is: belongs.to === "none" ? "gone" : "unproven", why: belongs.why };
  const { copy, owner } = belongs;
  if (facts.state === "unreadable") return { is: "unproven", why: facts.why };
  if (facts.state === "known" && hasResource(facts.resources, { type, id }))
    return { is: "needed" };
  if (owner === undefined)
    return { is: "unproven", why: "it has no label vmrig-owner, so remove it by hand" };
  if (owners.has(owner)) return { is: "gone", why: `the state of owner ${owner} is gone` };
  if (facts.state === "none" || facts.owner !== owner)
    return { is: "unproven", why: `no state in ${shown} has the owner ${owner}`, owner };
  if (facts.applying.length > 0)
    return {
      is: "gone",
      why: `an apply of ${copy} was interrupted, and its state does not have it; \`vmrig up\` would take it over`,
    };
  // Nothing creates a resource outside of an apply. So a state elsewhere has it, after a migration.
  if (createdAt > facts.at - CLOCKS_DIFFER_MS)
    return { is: "unproven", why: `it is newer than the state of ${copy} in ${shown}`, owner };
  return { is: "gone", why: `the state of ${copy} does not have it` };
}

function hasResource(
  resources: Extract<CopyFacts, { readonly state: "known" }>["resources"],
  { type, id }: Pick<AccountResource, "type" | "id">,
): boolean {
  return resources.some(
    ({ managed, address, attributes }) =>
      managed && address.split(".").includes(type) && String(attributes["id"]) === id,
  );
}
