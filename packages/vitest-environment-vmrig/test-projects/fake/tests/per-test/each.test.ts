import { expect, test } from "vitest-environment-vmrig";

test.for([1, 2, 3])("test %i starts clean", async (_number, { pc1, pc2 }) => {
  for (const pc of [pc1, pc2]) {
    expect(await pc.file("left").exists()).toBe(false);
    await pc.file("left").write("");
  }
});
