import { expect, test } from "vitest-environment-vmrig";

test(
  "starts clean by its meta, first in its file",
  { meta: { vmrig: { rollback: "test" } } },
  async ({ pc1 }) => {
    expect(await pc1.file("left").exists()).toBe(false);
    await pc1.file("left").write("by the third file");
  },
);
