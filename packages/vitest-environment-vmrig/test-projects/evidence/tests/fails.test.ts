import { beforeEach, describe, evidence, expect, test } from "vitest-environment-vmrig";

/** A fake machine has no journal until its test writes one. */
const JOURNAL = `#!/bin/sh
echo "2026-01-01T00:00:00+00:00 pc1 app[7]: started with token hunter2-in-env"
echo "2026-01-01T00:00:01+00:00 pc1 app[7]: error: could not bind, password was hunter2-as-input, deploy hunter2-of-config"
`;

/** It is on no disk of a fake machine, so a rollback does not delete it. */
test.afterAll(async ({ pc1 }) => {
  await pc1.file((await pc1.$`command -v journalctl`).stdout).write("#!/bin/sh\n");
});

test("passes", async ({ pc1 }) => {
  await pc1.$`echo of the test that passed`;
});

test("fails", async ({ pc1 }) => {
  const journalctl = (await pc1.$`command -v journalctl`).stdout;
  await pc1.file(journalctl).write(JOURNAL, { mode: 0o755 });
  await pc1.file("app.log").write("kept because the test asked for it\n");
  evidence(pc1, (await pc1.$`readlink -f app.log`).stdout, "/no/such/file");
  await pc1.$({ env: { ANY_NAME: "hunter2-in-env" } })`echo "env: $ANY_NAME"`;
  await pc1.$({ input: "hunter2-as-input\n" })`cat; echo ${process.env["DEPLOY_TOKEN"] ?? ""} >&2`;
  await pc1.waitUntilFails({ interval: 5 })`echo >> looks; test "$(wc -l < looks)" -lt 20`;
  await pc1.$({ env: { ANY_NAME: "hunter2-in-env" } })`echo "the app said: $ANY_NAME" >&2; exit 3`;
});

test("is attempted twice", { retry: 1 }, async ({ pc1, task }) => {
  await pc1.$`echo attempt ${task.result?.retryCount ?? 0}`;
  expect(task.result?.retryCount).toBe("never");
});

test("takes too long", { timeout: 1_000 }, async ({ pc2 }) => {
  await pc2.$`echo before the time was over`;
  await pc2.$`sleep 600`;
});

describe("a hook", () => {
  // As with `test.beforeEach`, the machines are the hook's fixtures, too.
  beforeEach<{ pc1: { $: (line: TemplateStringsArray) => Promise<unknown> } }>(async ({ pc1 }) => {
    await pc1.$`echo in the hook; exit 4`;
  });

  test("fails before it", async ({ pc1 }) => {
    await pc1.$`echo never`;
  });
});

describe("at once", { concurrent: true }, () => {
  test.each(["one", "two"])("%s", async (word) => {
    expect(word).toBe("three");
  });

  test("the one that asks", async ({ pc1 }) => {
    await pc1.$`echo concurrent; exit 5`;
  });
});

test("fails at a shell", async ({ pc1 }) => {
  const command =
    'read -p "Word: " word; echo; echo "$ANY_NAME, $word: denied"; read -p "Again: " word';
  const shell = await pc1.shell({
    command,
    env: { ANY_NAME: "hunter2-of-the-shell" },
    columns: 30,
    rows: 8,
  });
  await shell.waitForScreen("Word:");
  await shell.type("hunter2-typed\n", { secret: true });
  await shell.waitForScreen("Again:");
  await shell.press("Ctrl+C");
  await shell.waitForScreen("Welcome", { timeout: "2s" });
});

test("fails after its machine has died", async ({ pc1 }) => {
  await pc1.$`echo before it died`;
  // The SSH server of a fake machine, through which this command runs.
  await pc1.$`kill -9 $PPID`.catch(() => {});
  expect("alive").toBe("dead");
});

test(
  "has its machine back after that",
  { meta: { vmrig: { rollback: "test" } } },
  async ({ pc1 }) => {
    expect((await pc1.$`echo back`).stdout).toBe("back");
  },
);
