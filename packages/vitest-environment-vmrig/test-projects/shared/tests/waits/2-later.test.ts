import { test } from "vitest-environment-vmrig";
import { note } from "../event-log.ts";

test("is in a later file", async ({ pc1 }) => {
  await note("next file");
  await pc1.$`true`;
});
