import type { CostItem, Price } from "../../driver/account.ts";
import type { Driver } from "../../driver/driver.ts";
import { askAccount, type Unreachable } from "./ask-account.ts";

/** What a rig costs at the moment, with its sums. */
export interface RigCosts {
  /** ISO 4217: `EUR`. */
  readonly currency: string;
  readonly hourly: Price;
  /** The most that a month costs. */
  readonly monthly: Price;
  readonly items: readonly CostItem[];
  /** Items without a price, which the sums lack. */
  readonly unpriced: number;
}

/**
 * Returns what a rig costs; `undefined` for machines that cost nothing.
 *
 * @returns {@link Unreachable} when the provider does not say
 */
export async function readCosts(
  driver: Driver,
  rig: string,
): Promise<RigCosts | Unreachable | undefined> {
  const { account } = driver;
  if (account === undefined) return undefined;
  const costs = await askAccount(driver, (limit) => account.costs(rig, limit));
  if ("unreachable" in costs) return costs;
  const { currency, items } = costs;
  return {
    currency,
    hourly: sum(items.map(({ hourly }) => hourly)),
    monthly: sum(items.map(({ monthly }) => monthly)),
    items,
    unpriced: items.filter(({ monthly }) => monthly === undefined).length,
  };
}

function sum(prices: ReadonlyArray<Price | undefined>): Price {
  const total = { net: 0, gross: 0 };
  for (const { net, gross } of prices.flatMap((price) => price ?? [])) {
    total.net += net;
    total.gross += gross;
  }
  // The sum of many decimal fractions is not one.
  return { net: rounded(total.net), gross: rounded(total.gross) };
}

const rounded = (amount: number): number => Math.round(amount * 1e6) / 1e6;
