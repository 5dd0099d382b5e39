import { describe, setupOnce, test } from "vitest-environment-vmrig";
import { setUp, TESTS, use } from "./work.ts";

describe("set up once", () => {
  setupOnce(({ pc1 }) => setUp(pc1));

  test.for(TESTS)("%s", async (_name, { pc1 }) => {
    await use(pc1);
  });
});
