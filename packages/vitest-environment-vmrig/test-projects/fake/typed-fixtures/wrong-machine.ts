import { test } from "vitest-environment-vmrig";

// The rig has pc1 and pc2. The suite compiles this file and expects the error; it never runs.
test("asks for a machine that the rig has not", ({ pc1, pc3 }) => {
  void pc1;
  void pc3;
});
