import { expect, onTestFinished, test, vi } from "vitest";
import { seededRandom } from "./seeded-random.test.kit.ts";

function draw(seed: string): unknown[] {
  vi.stubEnv("VMRIG_TEST_SEED", seed);
  onTestFinished(() => void vi.unstubAllEnvs());
  const random = seededRandom();
  return [random.next(), random.below(1000), random.bytes(3).toString("hex")];
}

test("VMRIG_TEST_SEED repeats the numbers of a test", () => {
  expect(draw("7")).toEqual(draw("7"));
  expect(draw("7")).not.toEqual(draw("8"));
});

test("a seed that is not a whole number is refused", () => {
  expect(() => draw("seven")).toThrow("VMRIG_TEST_SEED must be a whole number.");
});
