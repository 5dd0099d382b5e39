import type { Account, AccountResource } from "../../../driver/account.ts";
import { VmrigError } from "../../../errors/vmrig-error.ts";
import { openStates } from "../../../gate/store/open-states.ts";
import { openStore } from "../../../gate/store/open-store.ts";
import type { CopyName } from "../../../lease/keys.ts";
import type { LeaseStore } from "../../../lease/lease-store.ts";
import { formatMonthly } from "../../account/format-price.ts";
import type { ResolvedRig } from "../../../config/schema.ts";
import { isSurplus } from "../../surplus-copies.ts";
import type { Leftover } from "../leftover.ts";
import type { SweepOptions } from "../sweep-options.ts";
import { isCopyName, readFacts, type CopyFacts } from "./copy-facts.ts";
import { judgeResource, type Verdict } from "./judge-resource.ts";
import { withLeaseAtOnce } from "./lease-at-once.ts";

/**
 * Finds what exists in the account of the driver, under labels of any rig, and is not needed any
 * more, or may not be needed: no run has the copy leased, and its state does not have it.
 */
export async function accountLeftovers(
  options: SweepOptions,
  store: LeaseStore | undefined,
): Promise<readonly Leftover[]> {
  const { rig, folders, signal, say } = options;
  const { account } = rig.driver;
  if (account === undefined || store === undefined) return [];
  // In this order: an apply that goes on meanwhile has the lease; one that has ended since has
  // written its state.
  const { currency, resources } = await account.list({ signal, say });
  const copies = namedCopies(resources);
  const held = await heldCopies(store, copies);
  await using states = await openStates(rig, folders);
  const facts = new Map<string, CopyFacts>();
  for (const copy of copies) facts.set(copy.copy, await readFacts(states, copy));
  const shown = states.shown;
  return resources.flatMap((resource) => {
    const { belongs } = resource;
    if (belongs.to === "copy" && held.has(belongs.copy)) return [];
    const verdict = judge(resource, { options, shown, facts: facts.get(copyOf(resource)) });
    if (verdict.is === "needed") return surplus(rig, resource, currency);
    return [
      {
        what: `${resource.location}${ofCopy(resource)}: ${verdict.why}${formatMonthly(resource.monthly, currency)}`,
        ...(belongs.to === "copy" && { copy: belongs.copy }),
        ...(verdict.is === "unproven" && { unproven: { owner: verdict.owner } }),
        remove: () => removeLeftover(options, account, { resource, verdict }),
      },
    ];
  });
}

/** Shows what is paid for in a copy that the config no longer asks for. Its state has it. */
function surplus(
  rig: ResolvedRig,
  resource: AccountResource,
  currency: string,
): readonly Leftover[] {
  const { belongs, monthly, location } = resource;
  if (belongs.to !== "copy" || monthly === undefined) return [];
  if (!isSurplus(rig, belongs)) return [];
  const { name, copies } = rig;
  const why = `the config has ${copies === 1 ? "1 copy" : `${copies} copies`} of ${name}; \`vmrig destroy ${name} --copy ${belongs.copy}\` destroys this one`;
  return [
    {
      what: `${location}${ofCopy(resource)}: ${why}${formatMonthly(monthly, currency)}`,
      copy: belongs.copy,
      unproven: { owner: undefined },
      remove: () => Promise.reject(refused(location, why)),
    },
  ];
}

interface JudgeContext {
  readonly options: SweepOptions;
  readonly shown: string;
  readonly facts: CopyFacts | undefined;
}

function judge(resource: AccountResource, { options, shown, facts }: JudgeContext): Verdict {
  const { belongs } = resource;
  if (belongs.to === "copy" && (facts === undefined || !isCopyName(belongs)))
    return { is: "unproven", why: "its labels are none that vmrig gives, so remove it by hand" };
  const { owners = new Set() } = options;
  return judgeResource(resource, { facts: facts ?? { state: "none" }, shown, owners });
}

/** Returns the copies that labels name, each once. */
function namedCopies(resources: readonly AccountResource[]): readonly CopyName[] {
  const named = resources.flatMap(({ belongs }) =>
    belongs.to === "copy" && isCopyName(belongs) ? [belongs] : [],
  );
  return [...new Map(named.map(({ rig, copy }) => [copy, { rig, copy }])).values()];
}

/** Returns the names of the copies that are leased, retained ones included. */
async function heldCopies(
  store: LeaseStore,
  copies: readonly CopyName[],
): Promise<ReadonlySet<string>> {
  const held = new Set<string>();
  for (const rig of new Set(copies.map((copy) => copy.rig))) {
    const names = copies.filter((copy) => copy.rig === rig).map(({ copy }) => copy);
    const view = await store.view({ rig, copies: names });
    for (const { copy, held: holder } of view.copies) if (holder !== undefined) held.add(copy);
  }
  return held;
}

const copyOf = ({ belongs }: AccountResource): string =>
  belongs.to === "copy" ? belongs.copy : "";

function ofCopy({ belongs }: AccountResource): string {
  return belongs.to === "copy" ? ` of ${belongs.copy}` : "";
}

/**
 * Removes a resource of a copy under the copy's lease, after its state was read again: from then on
 * no run can take the resource into use.
 */
async function removeLeftover(
  options: SweepOptions,
  account: Account,
  { resource, verdict }: { readonly resource: AccountResource; readonly verdict: Verdict },
): Promise<void> {
  const { rig, folders, signal, say } = options;
  const { belongs, location } = resource;
  if (verdict.is !== "gone") throw refused(location, verdict.is === "unproven" ? verdict.why : "");
  if (belongs.to !== "copy") return await account.remove(resource, { signal, say });
  await using store = await openStore(rig, folders);
  await using states = await openStates(rig, folders);
  await withLeaseAtOnce(options, { store, copy: belongs }, async (guard) => {
    const claimed = async () => {
      if ((await states.newestVersion(belongs)) === 0) return undefined;
      // Also ends the writes of a run that lost its lease and does not know yet.
      const claim = await states.claim(belongs, guard.fence);
      if (claim.outcome === "claimed") return claim.current;
      throw new VmrigError("FENCED", {
        message: `A later run has claimed the state of "${belongs.copy}".`,
      });
    };
    const facts = await readFacts(states, belongs, claimed);
    const now = judge(resource, { options, shown: states.shown, facts });
    if (now.is === "needed") return;
    if (now.is === "unproven") throw refused(location, now.why);
    guard.assertHeld();
    await account.remove(resource, { fence: guard.fence, signal: guard.signal, say });
  });
}

function refused(location: string, why: string): VmrigError {
  return new VmrigError("CONFIRMATION_MISSING", {
    message: `vmrig does not remove ${location}: ${why}.`,
  });
}
