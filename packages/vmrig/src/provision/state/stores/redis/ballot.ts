import type { Fence } from "../../../../driver/driver.ts";

/** Orders the proposals to a register: first by fence, then by round. */
export interface Ballot {
  readonly fence: Fence;
  readonly round: number;
}

/** Parses the ballot of a script's reply: `1800000000000000 3`. */
export function parseBallot(text: string): Ballot {
  const [fence = "0", round = "0"] = text.split(" ");
  return { fence: Number(fence), round: Number(round) };
}

export function compareBallots(a: Ballot, b: Ballot): number {
  return a.fence - b.fence || a.round - b.round;
}
