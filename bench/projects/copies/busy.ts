import { expect, test } from "vitest-environment-vmrig";

/** Declares a test that keeps its machine busy for a second, as a real test does. */
export function busyForASecond(): void {
  test("keeps its machine busy", async ({ pc1 }) => {
    expect((await pc1.$`sleep 1; echo done`).stdout).toBe("done");
  });
}
