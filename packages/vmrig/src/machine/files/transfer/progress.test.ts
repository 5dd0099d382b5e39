import { join } from "node:path";
import { expect, test } from "vitest";
import type { Machine } from "../../machine.ts";
import type { Progress } from "./transfer-options.ts";
import { inventory, makeTree } from "./tree.test.kit.ts";
import { useTwoSides } from "../two-sides.test.kit.ts";

let pc1: Machine;
let there: string;
let here: string;
useTwoSides((sides) => ({ pc1, there, here } = sides));

test("progress counts the content up to the total", async () => {
  const tree = await makeTree(here, "counted");
  const total = Object.values(await inventory(tree)).length;
  expect(total).toBeGreaterThan(20);
  const seen: Record<string, Progress[]> = { up: [], down: [], file: [] };
  await pc1.upload(tree, `${there}/counted`, {
    onProgress: (progress) => seen["up"]?.push(progress),
  });
  await pc1.download(`${there}/counted`, join(here, "counted-back"), {
    onProgress: (progress) => seen["down"]?.push(progress),
  });
  await pc1.upload(join(tree, ".hidden"), `${there}/one`, {
    onProgress: (progress) => seen["file"]?.push(progress),
  });
  expect(seen["file"]?.at(-1)).toEqual({ bytes: 70_000, total: 70_000 });
  expect(seen["up"]?.at(-1)).toEqual(seen["down"]?.at(-1));
  for (const steps of Object.values(seen)) {
    expect(steps.map(({ bytes }) => bytes)).toEqual(
      steps.map(({ bytes }) => bytes).toSorted((one, other) => one - other),
    );
    expect(steps.at(-1)?.bytes).toBe(steps.at(-1)?.total);
  }
});
