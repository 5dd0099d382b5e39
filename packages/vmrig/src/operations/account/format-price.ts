import type { Price } from "../../driver/account.ts";

/** Formats a price at the end of a line: `, 3.79 EUR a month net`. Nothing without one. */
export function formatMonthly(monthly: Price | undefined, currency: string): string {
  return monthly === undefined ? "" : `, ${perMonth(monthly)} ${currency} a month net`;
}

export const perMonth = ({ net }: Price): string => net.toFixed(2);
