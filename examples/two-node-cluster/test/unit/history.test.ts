import { expect, test } from "vitest";
import { faultsOf, type Written } from "../../src/history.ts";

const written = (node: string, epoch: number, seq: number): Written => ({
  node,
  epoch,
  seq,
  value: `${node}-${seq}`,
});

test("finds nothing where one leader followed the other", () => {
  expect(faultsOf([written("pc1", 1, 1), written("pc2", 2, 3), written("pc1", 1, 2)])).toEqual([]);
});

test("finds two leaders of one epoch", () => {
  expect(faultsOf([written("pc1", 1, 1), written("pc2", 1, 2)])).toEqual([
    "pc1 and pc2 led in epoch 1",
  ]);
});

test("finds a write that a later leader did not know of", () => {
  expect(faultsOf([written("pc1", 1, 1), written("pc2", 2, 1)])).toContain(
    "pc1-1 and pc2-1 are both number 1",
  );
  expect(faultsOf([written("pc1", 1, 5), written("pc2", 2, 4)])).toEqual([
    "epoch 2 has lost pc1-5 of epoch 1",
  ]);
});
