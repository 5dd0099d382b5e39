import { expect, expectTypeOf, test } from "vitest";
import type { Driver } from "../driver/driver.ts";
import { defineRig, type MachineName, type MachineNames } from "./define-rig.ts";

const driver = { name: "none" } as Driver;
const rig = defineRig({
  name: "pcs",
  driver,
  // Lists are the most frequent reason for a `const` type parameter to fall back to wider types.
  machines: { pc1: {}, "pc-2": { cpus: 2, prepare: { packages: ["rsync"], run: ["true"] } } },
  prepare: { packages: ["curl"], files: { "/a": "x" } },
});

test("returns its argument", () => {
  const config = { name: "pcs", driver, machines: { pc1: {} } };
  expect(defineRig(config)).toBe(config);
});

test("the machines of a registered rig are known by name", () => {
  expect(Object.keys(rig.machines)).toEqual(["pc1", "pc-2"]);
  expectTypeOf<MachineNames<{ rig: typeof rig }>>().toEqualTypeOf<"pc1" | "pc-2">();
  // @ts-expect-error a machine that the rig does not have
  const wrong: MachineNames<{ rig: typeof rig }> = "pc3";
  expect(wrong).toBe("pc3");
});

test("without a registered rig a machine may have any name", () => {
  expectTypeOf<MachineName>().toEqualTypeOf<string>();
  expectTypeOf<MachineNames<object>>().toEqualTypeOf<string>();
  const any: MachineName = "anything";
  expect(any).toBe("anything");
});

test("the compiler refuses an invalid rig", () => {
  const wrong = [
    // @ts-expect-error a rig has machines
    defineRig({ name: "pcs", driver }),
    // @ts-expect-error units stand in the value
    defineRig({ name: "pcs", driver, machines: { pc1: { memory: 512 } } }),
    // @ts-expect-error one of run, file and test
    defineRig({ name: "pcs", driver, machines: { pc1: {} }, rollback: "suite" }),
  ];
  expect(wrong).toHaveLength(3);
});
