import { writeFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest-environment-vmrig";

// Tells the outer test that this run has leased the machines.
const marker = process.env["TEST_MARKER"];
afterAll(() => {
  if (marker !== undefined) writeFileSync(`${marker}.after`, "");
});

test("stays on pc1", { timeout: 300_000 }, async ({ pc1, signal }) => {
  expect((await pc1.$`echo here`).stdout).toBe("here");
  if (marker === undefined) return;
  writeFileSync(marker, "");
  await pc1.$({ signal, reject: false })`sleep 290`;
});
