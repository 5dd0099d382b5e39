import { fileURLToPath } from "node:url";
import { expect, test } from "vitest-environment-vmrig";

const PROGRAM = fileURLToPath(new URL("../../src/first-boot", import.meta.url));

test.beforeEach(async ({ pc1 }) => {
  await pc1.upload(PROGRAM, "first-boot");
  await pc1.file("answers").remove({ force: true });
});

test("asks for a name until it is valid", async ({ pc1 }) => {
  const shell = await pc1.shell({ command: "./first-boot answers" });
  await expect(shell).toShow("What is this machine called?");
  await shell.type("Big Machine\n");
  await expect(shell).toShow('"Big Machine" is no name');
  await shell.type("store-1\n");
  await expect(shell).toShow("What is store-1 for?");
});

test("has a menu for the arrow keys that stops at both ends, and writes the confirmed answers", async ({
  pc1,
}) => {
  const shell = await pc1.shell({ command: "./first-boot answers" });
  await shell.type("store-1\n");
  await expect(shell).toShow("> storage");
  await shell.press("ArrowUp");
  await shell.press("ArrowDown");
  await expect(shell).toShow("> web");
  await shell.press("ArrowDown");
  await shell.press("ArrowDown");
  await expect(shell).toShow("> nothing yet");
  await shell.press("ArrowUp");
  await shell.press("Enter");
  await expect(shell).toShow(/name +store-1\n *role +web/);
  await shell.type("y");
  expect(await shell.waitForExit()).toMatchObject({ exitCode: 0 });
  await expect(pc1.file("answers")).toHaveText("name=store-1\nrole=web\n");
});

test("starts again when the answers were not confirmed", async ({ pc1 }) => {
  const shell = await pc1.shell({ command: "./first-boot answers" });
  await shell.type("store-1\n");
  await shell.press("Enter");
  await expect(shell).toShow("Write it to answers?");
  await shell.type("n");
  await expect(shell).toShow("What is this machine called?");
  await expect(pc1.file("answers")).not.toExist();
});

test("exits on Ctrl+C, restores the screen, and has written nothing", async ({ pc1 }) => {
  const shell = await pc1.shell({ command: ["bash", "--norc"], env: { PS1: "pc1> " } });
  await shell.type("./first-boot answers\n");
  await expect(shell).toShow("What is this machine called?");
  await shell.press("Ctrl+C");
  await expect(shell).not.toShow("What is this machine called?");
  await shell.type("echo it was $?\n");
  await expect(shell).toShow("it was 130");
  await expect(pc1.file("answers")).not.toExist();
});
