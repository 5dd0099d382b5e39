import { expect } from "vitest";
import { VmrigError } from "../errors/vmrig-error.ts";
import { keysOf } from "../lease/keys.ts";
import { begun, holdUp, rollbacks, linesOf, until } from "./rollbacks.test.kit.ts";
import { on, test } from "./test-gate.test.kit.ts";

const ONE = { machines: { pc1: {} } } as const;
const UNHEALTHY = [
  { machine: "pc1", error: new VmrigError("ROLLBACK_FAILED", { message: "It is dirty." }) },
];

test("machines whose worker died during a rollback stay taken until their state is known", async ({
  testGate,
}) => {
  const watched = rollbacks();
  const run = testGate.run({ ...ONE, copies: 2, driver: watched.driver });
  const { gate } = run;
  const first = await gate.claim("file");
  const goOn = holdUp(watched);
  watched.broken.add(first.copy);
  const rolling = gate.rollBack(first.claim).catch((error: unknown) => error);
  await begun(watched, 2);
  gate.release(first.claim);
  const second = gate.claim("file");
  goOn();

  expect((await second).copy).not.toBe(first.copy);
  expect(await rolling).toMatchObject({ code: "MACHINE_BROKEN" });
  expect(
    linesOf(run, "broken").filter((line) => line.includes("excluded from now on")),
  ).toHaveLength(1);
  expect(await on(await second, "pc1", "ls")).toBe("");
});

test("two requests of one claim run one after the other: the second gets the copy that replaced the first", async ({
  testGate,
}) => {
  const watched = rollbacks();
  const { gate } = testGate.run({ ...ONE, copies: 2, driver: watched.driver });
  const first = await gate.claim("file");
  const goOn = holdUp(watched);
  watched.broken.add(first.copy);
  const recovering = gate.recover(first.claim, UNHEALTHY);
  const rolling = gate.rollBack(first.claim);
  await begun(watched, 2);
  goOn();

  const [recovered, rolled] = await Promise.all([recovering, rolling]);
  expect([recovered.copy, rolled.copy]).toEqual(["pcs-2", "pcs-2"]);
  expect(rolled.nonce).not.toBe(recovered.nonce);
  expect(await on(rolled, "pc1", "ls")).toBe("");
});

test("machines that cannot be retained because their lease is lost are not granted again", async ({
  testGate,
}) => {
  const watched = rollbacks();
  const run = testGate.run({
    ...ONE,
    driver: watched.driver,
    keep: "failed",
    lease: { ttl: "2s" },
  });
  const { gate } = run;
  const first = await gate.claim("file");
  const lost = gate.lost(first.claim);
  const goOn = holdUp(watched);
  const rolling = gate.rollBack(first.claim).catch((error: unknown) => error);
  await begun(watched, 2);
  gate.release(first.claim, true);
  await testGate.redis().del(keysOf("vmrig", { rig: "pcs", copy: "pcs-1" }).lock);
  await until(() => expect(lost.aborted).toBe(true));
  goOn();
  await rolling;
  await until(() =>
    expect(linesOf(run, "warning")).toEqual([
      expect.stringContaining("pcs-1: could not be retained; "),
    ]),
  );

  gate.begin();
  const second = await gate.claim("file");
  expect(second.fence).toBeGreaterThan(first.fence);
  expect(await on(second, "pc1", "ls")).toBe("");
});
