import { expect, test } from "vitest-environment-vmrig";
import { note } from "../event-log.ts";

test("runs on a machine", async ({ pc1 }) => {
  await note("ran");
  expect((await pc1.$`hostname`).stdout).toBe("pc1");
});
