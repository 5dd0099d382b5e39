import type { CommandResult } from "vmrig";
import { expect, test } from "vitest-environment-vmrig";

test("expects another text", async ({ pc1 }) => {
  await pc1.$`echo hello >greeting`;
  await expect(pc1.file("greeting")).toHaveText("bye\n", { timeout: 300 });
});

test("expects softly, twice", async ({ pc1 }) => {
  await expect.soft(pc1.file("first")).toExist({ timeout: 100 });
  await expect.soft(pc1.file("second")).toExist({ timeout: 100 });
});

test("forgets to await", ({ pc1 }) => {
  void expect(pc1.file("greeting")).toExist();
});

test("softly forgets", ({ pc1 }) => {
  void expect.soft(pc1.file("greeting")).toExist();
});

test("gives a command that runs", async ({ pc1 }) => {
  const running: unknown = pc1.$`exit 1`;
  await expect(running as () => Promise<CommandResult>).toSucceed();
});

test("asks inside of another matcher", ({ pc1 }) => {
  expect({ file: pc1.file("greeting") }).toEqual({
    file: (expect as unknown as { toExist(): unknown }).toExist(),
  });
});

test("waits longer than the test may", { timeout: 1_000 }, async ({ pc1 }) => {
  await expect(pc1.file("never")).toExist({ timeout: "60s" });
});

test("is not affected by the tests before it", async ({ pc1 }) => {
  await expect(pc1.file("/etc/passwd")).toExist();
});

test("expects a shell to show something else", async ({ pc1 }) => {
  const shell = await pc1.shell({ command: "printf 'Name: '; read -r name", columns: 20, rows: 5 });
  await shell.waitForScreen("Name:");
  await expect(shell).toShow("Password:", { timeout: 300 });
});
