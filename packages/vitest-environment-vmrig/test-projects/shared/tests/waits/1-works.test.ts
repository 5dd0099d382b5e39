import { afterAll, test } from "vitest-environment-vmrig";
import { allowed, LOG, note } from "../witness.ts";

test("works for long, and waits for something else", async ({ pc1 }) => {
  await note("began");
  const giveOrders = async (): Promise<void> => {
    for (;;) await pc1.$`echo order >> ${LOG}`;
  };
  giveOrders().catch(() => note("the orders ended"));
  await allowed("never");
  await note("went on");
});

test("comes after it", () => note("next test"));

afterAll(() => note("afterAll"));
