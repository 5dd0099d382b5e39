import { describe, evidence, expect, test } from "vitest-environment-vmrig";

// At the top of the file, because reporters show the lines around a failed one.
const TOKEN = "hunter2-in-env";
const CONTENT = "hunter2-in-file\nand more of hunter2\n";

describe("outside of a test", () => {
  let thrown: unknown;
  test.beforeAll(({ pc2 }) => {
    try {
      evidence(pc2, "/var/log/app.log");
    } catch (error) {
      thrown = error;
    }
  });

  test("evidence() fails with an explanation", () => {
    expect(thrown).toMatchObject({
      code: "EVIDENCE_MISPLACED",
      message: expect.stringContaining("outside of a test"),
    });
  });
});

describe("a setup that fails", () => {
  test.beforeAll(async ({ pc2 }) => {
    await pc2.$({ env: { TOKEN } })`echo "setting up with $TOKEN"; exit 6`;
  });

  test("does not run", async ({ pc2 }) => {
    await pc2.$`echo never`;
  });
});

describe("a clean-up that fails", () => {
  test.afterAll(async ({ pc2 }) => {
    await pc2.$`echo cleaning up; exit 7`;
  });

  test("does not fail its test", async ({ pc2 }) => {
    await pc2.$`echo of the test within`;
  });
});

test("writes a file for its owner only, and shows it", async ({ pc2 }) => {
  await pc2.file("token").write(CONTENT, { mode: 0o600 });
  await pc2.$`cat token; echo token was $(head -n 1 token) >&2; exit 8`;
});
