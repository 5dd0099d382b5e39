import { afterAll, test } from "vitest-environment-vmrig";
import { allowed, LOG, note } from "../event-log.ts";

test("works for long, and waits for something else", { timeout: 100_000 }, async ({ pc1 }) => {
  await note("began");
  // The machine keeps writing until the command is stopped.
  pc1.$`while true; do echo order >> ${LOG}; sleep 0.05; done`.catch(() =>
    note("the command ended"),
  );
  await allowed("never");
  await note("went on");
});

test("comes after it", () => note("next test"));

afterAll(() => note("afterAll"));
