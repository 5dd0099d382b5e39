import { describe, setupOnce, test } from "vitest-environment-vmrig";

describe("on a driver that cannot keep a moment of several machines", () => {
  setupOnce(() => {});

  test("there is no such set-up", () => {});
});
