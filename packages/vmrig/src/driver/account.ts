import type { Authority, WaitLimit } from "./authority.ts";

/** An amount of money in the currency of its {@link Costs}. */
export interface Price {
  /** Without tax. */
  readonly net: number;
  /** With the tax that the provider adds. */
  readonly gross: number;
}

/** Something that the provider charges for. */
export interface CostItem {
  /** For people: `server 42 "pcs-1-pc1", cx23 in fsn1`. */
  readonly what: string;
  /** Missing for what the copies share. */
  readonly copy?: string;
  /** Missing when it is charged by the month only, or when the provider lists no price. */
  readonly hourly?: Price;
  /** The most that a month costs. Missing when the provider lists no price. */
  readonly monthly?: Price;
}

/** What a rig costs at the moment, by the provider's list of prices. */
export interface Costs {
  /** ISO 4217: `EUR`. */
  readonly currency: string;
  readonly items: readonly CostItem[];
}

/**
 * To whom a resource of an account belongs.
 *
 * - `copy`: its labels name a copy. The state of the copy decides whether it is still needed.
 * - `none`: the driver itself knows that it is not needed any more.
 * - `others`: it has no label of vmrig. vmrig only shows it.
 */
export type Belonging =
  | {
      readonly to: "copy";
      readonly rig: string;
      readonly copy: string;
      /** Missing when the label is missing. */
      readonly owner?: string;
    }
  | {
      readonly to: "none" | "others";
      /** For people: `its deadline was 14 h ago`. */
      readonly why: string;
    };

/** A resource that exists in an account. */
export interface AccountResource {
  /** Type and id, as a state has them: `hcloud_server`, `42`. */
  readonly type: string;
  readonly id: string;
  /** For people: `server 42 "pcs-1-pc1"`. */
  readonly location: string;
  readonly belongs: Belonging;
  /** Milliseconds since the epoch, by the provider's clock. */
  readonly createdAt: number;
  /** Missing when it costs nothing or has no price. */
  readonly monthly?: Price;
}

/** Options of {@link Account.remove}. */
export interface RemovalOptions extends WaitLimit {
  readonly signal: AbortSignal;
  /** Fence of the copy's lease. Missing for what belongs to no copy. */
  readonly fence?: Authority["fence"];
}

/** The account in which a driver's machines exist, which is paid for. */
export interface Account {
  /** Name for people: `Hetzner Cloud`. */
  readonly name: string;
  /** Returns what the machines of a rig cost. Changes nothing. */
  costs(rig: string, limit?: WaitLimit): Promise<Costs>;
  /**
   * Lists what exists in the whole account under labels of vmrig, of every rig, and what is billed
   * without being used by anything. Leaves out what belongs to no copy and is still needed. In the
   * order in which it can be removed. Changes nothing.
   */
  list(limit?: WaitLimit): Promise<{
    readonly currency: string;
    readonly resources: readonly AccountResource[];
  }>;
  /**
   * Deletes a resource that {@link list} returned. Reads it again before. Succeeds when it is gone.
   *
   * @throws VmrigError when it has other labels by now, when something that is not removed uses it,
   *   or when a later lease has its server (`FENCED`)
   */
  remove(resource: AccountResource, options: RemovalOptions): Promise<void>;
}
