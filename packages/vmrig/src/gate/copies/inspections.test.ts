import { expect } from "vitest";
import type { Driver } from "../../driver/driver.ts";
import { fakeDriver } from "../../driver/fake/driver.ts";
import { test } from "../test-gate.test.kit.ts";

/** A driver that counts how often it is asked for the machines, as if each time cost a request. */
function counted(): { readonly driver: Driver; readonly count: () => number } {
  const fake = fakeDriver();
  let asked = 0;
  const driver: Driver = {
    ...fake,
    fixedAddresses: true,
    inspect(copy, limit) {
      asked += 1;
      return fake.inspect(copy, limit);
    },
  };
  return { driver, count: () => asked };
}

test("a warm run asks for the machines twice, however many files it has", async ({ testGate }) => {
  const first = testGate.run({ driver: counted().driver });
  await first.gate.claim("file");
  await first.gate.close();

  const { driver, count } = counted();
  const { gate, logLines } = testGate.run({ driver });
  const { claim: id } = await gate.claim("file");
  expect(logLines.join("\n")).not.toContain("Terraform");
  expect(count(), "the check of the record, and the addresses after the rollback").toBe(2);
  await gate.rollBack(id);
  await gate.rollBack(id);
  expect(count()).toBe(2);
});
