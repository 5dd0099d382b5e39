import { expect, test } from "vitest-environment-vmrig";

test("a file", async ({ pc1 }) => {
  await pc1.$`echo hello >greeting; chmod 600 greeting`;
  await expect(pc1.file("greeting")).toExist();
  await expect(pc1.file("greeting")).toHaveText("hello\n");
  await expect(pc1.file("greeting")).toHaveText(expect.stringContaining("ell"));
  await expect(pc1.file("greeting")).toContainText(/^h/);
  await expect(pc1.file("greeting")).toHaveMode(0o600);
  await expect(pc1.file("/etc/passwd")).toHaveOwner("root:root");
  await expect(pc1.file("farewell")).not.toExist({ timeout: "10s" });
});

test("a command", async ({ pc1 }) => {
  await expect(() => pc1.$`test -e /etc/passwd`).toSucceed();
  await expect(() => pc1.$`exit 3`).toExitWith(3);
  await expect(() => pc1.$`echo hello`).toPrint(/^hel/);
  await expect(await pc1.$({ reject: false })`exit 3`).not.toSucceed();
});

test("what runs, and what listens", async ({ pc1 }) => {
  await expect(pc1.process({ args: "machine-process" })).toBeRunning();
  await expect(pc1.port(1)).not.toBeListening();
  await expect(pc1.socket("unix:///run/unused.sock")).not.toBeListening();
});

test("what is installed", async ({ pc1 }) => {
  await expect(pc1.package("coreutils")).toBeInstalled();
  await expect(pc1.package("coreutils")).toHaveVersion(/^\d/);
});

test("accounts", async ({ pc1 }) => {
  await expect(pc1.account("root")).toExist();
  await expect(pc1.account("root")).toBelongTo("root");
  await expect(pc1.group("no-such-group")).not.toExist();
});

test("kernel and mounts", async ({ pc1 }) => {
  await expect(pc1.sysctl("kernel.ostype")).toHaveValue("Linux");
  await expect(pc1.mount("/proc")).toBeMounted();
});

test("a shell", async ({ pc1 }) => {
  const shell = await pc1.shell({ command: 'read -p "Name: " name; echo "hello $name"', rows: 5 });
  await expect(shell).toShow(/^Name:/);
  await shell.type("you\n");
  await expect(shell).toShow("hello you");
  await expect(shell).not.toShow("goodbye");
});

test("retries until it holds", async ({ pc1 }) => {
  const late = pc1.$`sleep 0.3; echo done >late`;
  await expect(pc1.file("late")).toHaveText("done\n");
  await late;
});

test("works with the expect of the test, of a list, and softly", async ({ pc1, expect: own }) => {
  await own(pc1.file("none")).not.toExist();
  await Promise.all([
    expect(pc1.port(1)).not.toBeListening(),
    expect(pc1.port(2)).not.toBeListening(),
  ]);
  await expect.soft(pc1.file("/etc/passwd")).toExist();
  await expect(Promise.resolve(pc1.file("/etc/passwd"))).resolves.toExist();
});
