import { describe, setupOnce, test } from "vitest-environment-vmrig";

describe("on a driver without checkpoints of several machines", () => {
  setupOnce(() => {});

  test("there is no such setup", () => {});
});
