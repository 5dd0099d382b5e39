import { afterAll, expect, test } from "vitest";
import { driverContract } from "../contract.ts";
import { setUpFakeMachines } from "./fake-machines.test.kit.ts";

const scene = await setUpFakeMachines();
afterAll(() => scene[Symbol.asyncDispose]());

for (const { title, run } of driverContract(scene.harness())) {
  test(title, async () => {
    // Its claims are made with node:assert, which Vitest does not count.
    expect(await run()).toBeUndefined();
  });
}
