import { textOf } from "../text-of.ts";

/** Parses `<network>-<range>`. Returns `undefined` for everything else. */
export function parseSubnetId(
  id: unknown,
): { readonly network: number; readonly ipRange: string } | undefined {
  const [, network, ipRange] = /^(\d+)-([0-9.]+\/\d+)$/.exec(textOf(id)) ?? [];
  if (network === undefined || ipRange === undefined) return undefined;
  return { network: Number(network), ipRange };
}
