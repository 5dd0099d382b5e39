import { describe, expect, test } from "vitest";
import { OTHER_USER } from "../../ssh/fixtures/sshd.test.kit.ts";
import { type TestMachine, useMachine } from "../fixtures.test.kit.ts";
import type { Machine } from "../machine.ts";
import type { ShellOptions } from "./options.ts";
import type { Shell } from "./shell.ts";
import { BASH, openShell, WAIT_20S } from "./shell.test.kit.ts";

let rig: TestMachine;
let pc1: Machine;
useMachine((made) => {
  rig = made;
  ({ pc1 } = rig);
});

const open = (options: ShellOptions = BASH): Promise<Shell> => openShell(pc1, options);

describe("a shell", () => {
  test("accepts typed text and shows its output", async () => {
    await using shell = await pc1.shell({ command: ["bash", "--norc"], env: { PS1: "pc1> " } });
    await shell.waitForScreen("pc1>");
    await shell.type("read -p 'Name: ' name; echo \"hello $name\"\n");
    await shell.waitForScreen(/^Name:/m);
    await shell.type("you");
    await shell.press("Enter");
    const screen = await shell.waitForScreen("hello you");
    expect(screen.lines.slice(1, 4)).toEqual(["Name: you", "hello you", "pc1>"]);
    expect(screen.cursor).toEqual({ row: 3, column: 5 });
  });

  test("is by default the login shell with the environment of a login", async () => {
    const shell = await open({});
    await shell.type('echo "[$0] [$-]"; stty size; echo $TERM; tty\n');
    const { text } = await shell.waitForScreen("/dev/pts/", WAIT_20S);
    expect(text).toMatch(/\[.*sh\] \[.*i.*\]\n24 80\nxterm-256color\n\/dev\/pts\/\d+$/m);
  });

  test("runs a shell line, or a program with unexpanded arguments", async () => {
    const line = await open({ command: 'echo "$HOME" | tr a-z A-Z; echo $A', env: { A: "it's" } });
    expect((await line.waitForExit()).exitCode).toBe(0);
    expect((await line.screen()).text).toMatch(/^\/.*\nit's$/);
    const program = await open({
      command: ["printf", "%s|", "$HOME", "a b"],
      cwd: rig.server.folder,
    });
    await program.waitForExit();
    expect((await program.screen()).text).toBe("$HOME|a b|");
  });

  test("ends with the exit code of its program, and 128 + n after a signal", async () => {
    expect(await (await open({ command: "exit 7" })).waitForExit()).toMatchObject({ exitCode: 7 });
    expect(await (await open({ command: "kill -TERM $$" })).waitForExit()).toMatchObject({
      exitCode: 143,
    });
    const shell = await open();
    expect(shell.exited).toBe(false);
    await shell.type("exit 3\n");
    expect(await shell.waitForExit()).toMatchObject({ exitCode: 3 });
    expect(shell.exited).toBe(true);
  });

  test.each([
    ["the login user", () => pc1],
    ["root", () => pc1.root],
    ["another user", () => pc1.as(OTHER_USER)],
  ])(
    "of %s belongs to that user: Ctrl+C ends the program at the terminal, and the shell continues",
    async (_who, machine) => {
      const shell = await openShell(machine(), { ...BASH, cwd: "/" });
      // A single job: between two jobs, bash itself would receive Ctrl+C.
      await shell.type("sh -c 'id -un; exec sleep 600'\n");
      await shell.waitForScreen(rig.server.becomes(machine().user));
      await shell.press("Ctrl+C");
      await shell.waitForScreen("^C");
      await shell.type("echo $? after\n");
      expect((await shell.waitForScreen("130 after")).text).toContain(
        rig.server.becomes(machine().user),
      );
    },
  );

  test("a program that catches Ctrl+C continues", async () => {
    const shell = await open({
      command: "trap 'echo caught' INT; echo ready; while :; do sleep 0.05; done",
    });
    await shell.waitForScreen("ready");
    await shell.press("Ctrl+C");
    await shell.waitForScreen("caught");
    await shell.press("Ctrl+\\");
    expect((await shell.waitForExit(WAIT_20S)).exitCode).toBe(131);
  });

  test("keeps typed text in order, also without awaiting each call", async () => {
    const shell = await open({ command: 'read a; read b; echo "[$a][$b]"' });
    await Promise.all([
      shell.type("one"),
      shell.press("Enter"),
      shell.type("tw"),
      shell.type("o\n"),
    ]);
    expect((await shell.waitForScreen("[one][two]")).text).toMatch(/^one\ntwo\n/);
  });

  test("can be resized, and its program is notified", async () => {
    const shell = await open({ ...BASH, columns: 40, rows: 10 });
    await shell.type("trap 'stty size' WINCH; stty size\n");
    await shell.waitForScreen("10 40");
    await shell.resize({ columns: 132, rows: 43 });
    await shell.type("\n");
    const screen = await shell.waitForScreen("43 132");
    expect(screen).toMatchObject({ columns: 132, rows: 43 });
    await shell.resize({ columns: 40, rows: 10 });
    await shell.resize(screen);
    await expect(shell.resize(null as never)).rejects.toMatchObject({ code: "COMMAND_INVALID" });
    expect(await shell.screen()).toMatchObject({ columns: 132, rows: 43 });
  });

  test("pastes in brackets when the program enables bracketed paste", async () => {
    const shell = await open({
      command: "stty -echo; printf '\\033[?2004h'; echo ready; head -c 18 | od -An -c",
    });
    await shell.waitForScreen("ready");
    await shell.paste("a\u001bb\n");
    await shell.type("\n");
    await shell.waitForExit();
    expect((await shell.screen()).text.replace(/\s+/g, " ")).toBe(
      "ready 033 [ 2 0 0 ~ a 342 220 233 b \\n 033 [ 2 0 1 ~",
    );
  });
});

test.each([
  ["an invalid size", { columns: 0 }, "A terminal cannot have 0 columns and 24 rows."],
  ["an invalid variable name", { env: { "A B": "x" } }, '"A B" is not a valid name'],
  ["an argument with NUL", { command: ["echo", "\0"] }, "NUL"],
] as const)("%s is rejected", async (_what, options, message) => {
  await expect(pc1.shell(options as ShellOptions)).rejects.toMatchObject({
    code: "COMMAND_INVALID",
    message: expect.stringContaining(message),
  });
});

test("an unknown key is rejected, and nothing is sent", async () => {
  const shell = await open({ command: 'read -r x; echo "[$x]"' });
  await expect(shell.press("Return" as "Enter")).rejects.toMatchObject({ code: "COMMAND_INVALID" });
  await shell.type("fine\n");
  expect((await shell.waitForScreen("[fine]")).lines[0]).toBe("fine");
});
