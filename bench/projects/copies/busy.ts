import { expect, test } from "vitest-environment-vmrig";

/** A test whose machine has something to do for a second, as a real one has. */
export function busyForASecond(): void {
  test("keeps its machine busy", async ({ pc1 }) => {
    expect((await pc1.$`sleep 1; echo done`).stdout).toBe("done");
  });
}
