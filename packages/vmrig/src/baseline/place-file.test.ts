import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { placeFile } from "./place-file.ts";
import { runShell, SHELLS } from "./shell.test.kit.ts";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";

const owner = `${process.getuid?.()}:${process.getgid?.()}`;

test.each([
  ["plain text", "hello\n"],
  ["no final newline", "hello"],
  ["nothing", ""],
  ["quotes and dollars", `it's "quoted" \`id\` $HOME $(id) \\ \\n\n`],
  ["the script's own end mark", "VMRIG_END\nVMRIG_END\nx"],
  ["many lines", "line\r\n".repeat(2_000)],
  ["letters of all kinds", "ÿ€𝄞\u200F \u0000\u0001\u001B[31m\uFEFF"],
  ["the padding of base64", "ab"],
])("writes %s unchanged", async (_title, content) => {
  const folder = await tempFolder();
  const path = join(folder, "a", "it's a $HOME folder", "-file");
  const { exitCode, stderr } = await runShell(
    ["sh", "-eu", "-c", placeFile({ path, content, mode: "0640", owner })],
    { cwd: folder },
  );
  expect([exitCode, stderr.toString()]).toEqual([0, ""]);
  expect(await readFile(path, "utf8")).toBe(content);
  expect((await stat(path)).mode & 0o7777).toBe(0o640);
  expect(await readdir(join(path, ".."))).toEqual(["-file"]);
});

test("replaces a file and its mode, and keeps the mode bits that a change of owner clears", async () => {
  const folder = await tempFolder();
  const path = join(folder, "file");
  await writeFile(path, "old");
  await chmod(path, 0o600);
  await runShell(["sh", "-eu", "-c", placeFile({ path, content: "new", mode: "4755", owner })], {
    cwd: folder,
  });
  expect(await readFile(path, "utf8")).toBe("new");
  expect((await stat(path)).mode & 0o7777).toBe(0o4755);
});

test.each(SHELLS)(
  "an unknown owner ends the script, in %s, and the old file stays",
  async (shell) => {
    const folder = await tempFolder();
    const path = join(folder, "file");
    await writeFile(path, "old");
    const script = `${placeFile({ path, content: "new", mode: "0644", owner: "no-such-user:none" })}\necho went on`;
    const { exitCode, stdout, stderr } = await runShell([shell, "-eu", "-c", script], {
      cwd: folder,
    });
    expect([exitCode, stdout.toString()]).toEqual([1, ""]);
    expect(stderr.toString()).toContain("no-such-user");
    expect(await readFile(path, "utf8")).toBe("old");
  },
);

test("refuses to move the file into a folder of the same name", async () => {
  const folder = await tempFolder();
  const path = join(folder, "taken");
  await mkdir(path);
  const { exitCode, stderr } = await runShell(
    ["sh", "-eu", "-c", placeFile({ path, content: "x", mode: "0644", owner })],
    { cwd: folder },
  );
  expect([exitCode, stderr.toString()]).toEqual([1, `${path} is a folder\n`]);
  expect(await readdir(path)).toEqual([]);
});

test("a path at the root needs no folder", () => {
  expect(
    placeFile({ path: "/motd", content: "x", mode: "0644", owner: "root" }).split("\n")[0],
  ).toBe("mkdir -p '/'");
});
