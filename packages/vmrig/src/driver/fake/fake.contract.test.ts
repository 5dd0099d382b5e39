import { afterAll, expect, test } from "vitest";
import { driverContract } from "../contract.ts";
import { setUpFakeMachines } from "./fake-machines.test.kit.ts";

const machines = await setUpFakeMachines();
afterAll(() => machines[Symbol.asyncDispose]());

for (const { title, run } of driverContract(machines.harness())) {
  test(title, async () => {
    // The case asserts with node:assert, which Vitest does not count.
    expect(await run()).toBeUndefined();
  });
}
