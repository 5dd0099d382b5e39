import { afterEach, beforeAll, describe, expect, setupOnce, test } from "vitest-environment-vmrig";
import type { Machine } from "vmrig";

const runOn = (machine: Machine): Promise<unknown> =>
  Promise.resolve(machine.$`nohup sleep 600 >/dev/null 2>&1 & echo $! > pid`);

test("leaves a process", async ({ pc1 }) => {
  await runOn(pc1);
});

test("does not report what the previous test left", async ({ pc1 }) => {
  await pc1.$`echo a file of its own > state`;
});

test("leaves changed files", async ({ pc2 }) => {
  await pc2.$`echo 2 > etc/app.conf; echo > etc/new.conf`;
});

test("leaves a machine that is off", async ({ pc1 }) => {
  await pc1.powerOff();
});

test("passes while another machine is off", async ({ pc2 }) => {
  await pc2.$`true`;
});

test("uses no machine", () => {});

test("reports only its own failure", async ({ pc2 }) => {
  await runOn(pc2);
  expect("the app").toBe("up");
});

describe("a group that cleans up", () => {
  let pc2: Machine;
  afterEach(async () => {
    await pc2.$`kill $(cat pid); echo 2 > etc/app.conf`;
  });

  test("leaves nothing", async ({ pc2: machine }) => {
    pc2 = machine;
    await runOn(pc2);
    await pc2.$`echo 3 > etc/app.conf`;
  });
});

test("starts a process that ends by itself", async ({ pc2 }) => {
  await pc2.$`sleep 0.7 >/dev/null 2>&1 &`;
});

test(
  "need not clean up, as its meta says",
  { meta: { vmrig: { strict: false } } },
  async ({ pc2 }) => {
    await runOn(pc2);
  },
);

test(
  "is only reported, as its meta says",
  { meta: { vmrig: { strict: "report" } } },
  async ({ pc2 }) => {
    await pc2.$`rm etc/app.conf`;
  },
);

test(
  "starts with a rollback, so that no test sees what it leaves",
  { meta: { vmrig: { rollback: "test" } } },
  async ({ pc2 }) => {
    await runOn(pc2);
  },
);

describe("a group whose tests start from a checkpoint", () => {
  setupOnce(({ pc1 }) => runOn(pc1));

  test("may leave anything behind", async ({ pc2 }) => {
    await runOn(pc2);
  });
});

describe("a process that a hook started", () => {
  let machine: Machine;
  test("takes the machine", ({ pc2 }) => void (machine = pc2));
  describe("was there before the test", () => {
    beforeAll(() => runOn(machine));
    test("and does not count as the test's", () => {});
  });
});
