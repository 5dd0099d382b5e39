import { writeFile } from "node:fs/promises";
import { expect, test } from "vitest-environment-vmrig";

// Tells the outer test which copy this run uses, and stays on it until the run is ended.
test("stays on a machine", async ({ pc1, signal }) => {
  expect((await pc1.$`echo here > here; cat here`).stdout).toBe("here");
  const marker = process.env["TEST_MARKER"];
  if (marker === undefined) return;
  await writeFile(marker, "");
  await pc1.$({ signal })`sleep 230`;
});
