import type { FoundResource } from "../../driver/found-resource.ts";
import type { State } from "../state.ts";

/** What to do with resources of providers before the next plan. */
export interface ResourceComparison {
  /** Ids by address: complete resources that the state lacks. Imported by the next apply. */
  readonly adopt: ReadonlyMap<string, string>;
  /**
   * Addresses that the state has with the id of a resource that is gone, while another one is
   * adopted. A killed replacement leaves them.
   */
  readonly forget: readonly string[];
  /** Resources that the driver deletes: nothing can have used them, or a person allowed it. */
  readonly discard: ReadonlyMap<FoundResource, string>;
  readonly lost: ReadonlyMap<FoundResource, LostResource>;
  /** Addresses of resources that a killed apply was replacing or deleting, and that are gone. */
  readonly interrupted: readonly string[];
}

export interface LostResource {
  readonly why: string;
  /** Whether a person may allow its deletion, because it is certainly ours. */
  readonly allowable?: true;
}

export interface CompareResourcesOptions {
  readonly found: readonly FoundResource[];
  readonly state: State | undefined;
  /** Addresses of the declared resources. */
  readonly declared: ReadonlySet<string>;
  /** Names of machines that an apply that has not succeeded may have changed. */
  readonly applying: readonly string[];
  readonly allow: ReadonlySet<string>;
}

type Verdict =
  | { readonly is: "fine" | "to adopt" }
  | { readonly is: "to discard"; readonly why: string }
  | ({ readonly is: "lost" } & LostResource);

/**
 * Compares what exists under the labels of a copy with its state, so that nothing is created twice.
 * Engines write a remote state 20 s after the first resource at the earliest, so that a killed apply
 * leaves resources that no state has. The next apply would fail on their names for ever.
 */
export function compareResources(options: CompareResourcesOptions): ResourceComparison {
  const { found, state, applying } = options;
  const adopt = new Map<string, string>();
  const forget: string[] = [];
  const discard = new Map<FoundResource, string>();
  const lost = new Map<FoundResource, LostResource>();
  for (const resource of found) {
    const verdict = judge(resource, options, adopt);
    if (verdict.is === "lost") lost.set(resource, verdict);
    if (verdict.is === "to discard") discard.set(resource, verdict.why);
    if (verdict.is !== "to adopt") continue;
    adopt.set(resource.address, resource.id);
    if (state?.resources.some(({ address }) => address === resource.address))
      forget.push(resource.address);
  }
  const existing = new Set(found.map(({ address }) => address));
  const interrupted = (state?.resources ?? [])
    .filter(({ address, name }) => applying.includes(name) && !existing.has(address))
    .map(({ address }) => address);
  return { adopt, forget, discard, lost, interrupted };
}

function judge(
  resource: FoundResource,
  { found, state, declared, allow }: CompareResourcesOptions,
  adopt: ReadonlyMap<string, string>,
): Verdict {
  const { address, id, owner, incomplete } = resource;
  if (owner === undefined) return { is: "lost", why: "its labels name no owner" };
  if (state?.owner === undefined)
    return { is: "lost", why: `it belongs to the state of ${owner}, and there is no such state` };
  if (owner !== state.owner)
    return {
      is: "lost",
      why: `it belongs to the state of ${owner}, not to that of ${state.owner}`,
    };
  const known = state.resources.find((candidate) => candidate.address === address);
  if (known?.id === id) return { is: "fine" };
  if (incomplete) return { is: "to discard", why: "its creation was interrupted" };
  const twin =
    adopt.has(address) ||
    found.some((other) => other.address === address && other.id === known?.id);
  if (declared.has(address) && !twin) return { is: "to adopt" };
  if (allow.has(address) && !twin)
    return { is: "to discard", why: "it is not in the config, and its removal is allowed" };
  const why = twin ? "there is another one, which the state has" : "the config does not have it";
  return {
    is: "lost",
    why: `it is not in the state, and ${why}`,
    ...(!twin && { allowable: true }),
  };
}
