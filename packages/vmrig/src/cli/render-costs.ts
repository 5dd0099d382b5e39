import type { RigCosts } from "../operations/account/rig-costs.ts";
import { alignColumns } from "./columns.ts";

/** Formats the costs of a rig: the sums, and a line for each thing that is billed. */
export function costLines({ currency, hourly, monthly, items, unpriced }: RigCosts): string[] {
  const rows = items.map((item) => [
    item.what,
    item.hourly === undefined ? "-" : `${perHour(item.hourly.net)} an hour`,
    item.monthly === undefined ? "price not listed" : `${perMonth(item.monthly.net)} a month`,
  ]);
  const least = unpriced === 0 ? "" : "at least ";
  return [
    items.length === 0
      ? "cost     nothing is billed for this rig"
      : `cost     ${least}${perHour(hourly.net)} ${currency} an hour, ${perMonth(monthly.net)} ${currency} a month net (gross: ${perHour(hourly.gross)}, ${perMonth(monthly.gross)})`,
    ...alignColumns(rows).map((row) => `  ${row}`),
  ];
}

const perHour = (amount: number): string => amount.toFixed(4);
const perMonth = (amount: number): string => amount.toFixed(2);
