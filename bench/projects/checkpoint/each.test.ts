import { describe, test } from "vitest-environment-vmrig";
import { setUp, TESTS, use } from "./work.ts";

describe("set up in each test", { meta: { vmrig: { rollback: "test" } } }, () => {
  test.for(TESTS)("%s", async (_name, { pc1 }) => {
    await setUp(pc1);
    await use(pc1);
  });
});
