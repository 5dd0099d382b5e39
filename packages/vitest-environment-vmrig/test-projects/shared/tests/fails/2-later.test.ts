import { expect, test } from "vitest-environment-vmrig";
import { note } from "../event-log.ts";

test("is in a later file", async ({ pc1 }) => {
  expect(await pc1.file("evidence").exists()).toBe(false);
  await note("later file");
});
