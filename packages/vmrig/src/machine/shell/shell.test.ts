import { writeFile } from "node:fs/promises";
import { join } from "node:path";
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
    expect(await shell.waitForScreen("43 132")).toMatchObject({ columns: 132, rows: 43 });
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

describe("a full-screen program", () => {
  /** A minimal menu: the alternate screen, application cursor keys, no echo. */
  const MENU = `
printf '\\033[?1049h\\033[?1h\\033[2J\\033]0;the menu\\007'
stty raw -echo; trap 'stty sane; printf "\\033[?1049l"' EXIT
choice=1
while :; do
  for row in 1 2 3; do printf '\\033[%d;3H' $((row + 1)); [ $row = $choice ] && printf '> entry %d' $row || printf '  entry %d' $row; done
  key=$(dd bs=1 count=1 2>/dev/null)
  [ "$key" != "$(printf '\\033')" ] || key=$key$(dd bs=1 count=2 2>/dev/null)
  case $key in
    "$(printf '\\033OA')") [ $choice -gt 1 ] && choice=$((choice - 1)) ;;
    "$(printf '\\033OB')") [ $choice -lt 3 ] && choice=$((choice + 1)) ;;
    q) exit 0 ;;
  esac
done`;

  test("is displayed and navigated by keys, and the previous screen returns at its end", async () => {
    const shell = await open({ command: `echo before; ${MENU}` });
    const first = await shell.waitForScreen("> entry 1");
    expect(first).toMatchObject({
      title: "the menu",
      alternate: true,
      lines: expect.arrayContaining(["  > entry 1", "    entry 2"]),
    });
    await shell.press("ArrowDown");
    await shell.press("ArrowDown");
    const moved = await shell.waitForScreen(
      (screen) => screen.lines[3]?.includes("> entry 3") === true,
    );
    expect(moved.text).not.toContain("> entry 1");
    expect(moved.framed.split("\n").slice(0, 5)).toEqual([
      `┌─ the menu ${"─".repeat(69)}┐`,
      `│${" ".repeat(80)}│`,
      `│${"    entry 1".padEnd(80)}│`,
      `│${"    entry 2".padEnd(80)}│`,
      `│${"  > entry 3".padEnd(80)}│`,
    ]);
    await shell.press("q");
    await shell.waitForExit();
    expect(await shell.screen()).toMatchObject({ text: "before", alternate: false });
  });

  test("queries the terminal for cursor position and type, and gets a reply", async () => {
    const ask =
      "stty raw -echo; printf 'abc\\033[6n'; a=$(dd bs=6 count=1 2>/dev/null); printf '\\033[c'; b=$(dd bs=7 count=1 2>/dev/null); stty sane";
    const shell = await open({ command: `${ask}; echo; printf '%s%s' "$a" "$b" | od -An -c` });
    await shell.waitForExit(WAIT_20S);
    expect((await shell.screen()).text.replace(/\s+/g, " ")).toBe(
      "abc 033 [ 1 ; 4 R 033 [ ? 1 ; 2 c",
    );
  });

  test("less can be paged through", async () => {
    await writeFile(
      join(rig.server.folder, "long"),
      Array.from({ length: 100 }, (_, index) => `line ${index + 1}\n`).join(""),
    );
    const shell = await open({ command: ["less", "long"], cwd: rig.server.folder, rows: 11 });
    await shell.waitForScreen(/^line 10$/m);
    await shell.press("ArrowDown");
    await shell.waitForScreen(/^line 11$/m);
    await shell.type("/line 77\n");
    expect((await shell.waitForScreen("line 77")).lines).toContain("line 77");
    await shell.press("q");
    expect((await shell.waitForExit()).exitCode).toBe(0);
  });
});

describe("the screen", () => {
  test("supports wide characters and characters that arrive in parts", async () => {
    const shell = await open({
      command:
        "printf 'a\\344\\275'; sleep 0.05; printf '\\240b \\346'; sleep 0.05; printf '\\227\\245e\\314\\201'; read x",
    });
    const { lines, cursor, framed } = await shell.waitForScreen("日é".normalize("NFD"));
    expect(lines[0]).toBe("a你b 日e\u0301");
    expect(cursor).toEqual({ row: 0, column: 8 });
    expect(framed.split("\n")[1]).toBe(`│a你b 日e\u0301${" ".repeat(72)}│`);
  });

  test("joins wrapped rows to one line of its text", async () => {
    const shell = await open({
      command: "printf '%s\\n' one 'a line of 25 characters..' two",
      columns: 20,
      rows: 6,
    });
    await shell.waitForExit();
    const { lines, text } = await shell.screen();
    expect(lines).toEqual(["one", "a line of 25 charact", "ers..", "two", "", ""]);
    expect(text).toBe("one\na line of 25 characters..\ntwo");
  });

  test("has no more than its rows after any amount of output", async () => {
    const shell = await open({ command: "seq 200000; printf done" });
    const { text } = await shell.waitForScreen(/done$/, { timeout: "60s" });
    expect(text.split("\n")).toEqual([
      ...Array.from({ length: 23 }, (_, index) => String(199_978 + index)),
      "done",
    ]);
  });

  test("contains the complete output when the program has ended", async () => {
    for (let run = 0; run < 5; run += 1) {
      const shell = await open({ command: `seq 1000; printf 'last ${run}'` });
      await shell.waitForExit();
      expect((await shell.screen()).lines.at(-1)).toBe(`last ${run}`);
    }
  });
});

describe("a wait", () => {
  test("times out with the last screen", async () => {
    const shell = await open({ command: "printf 'Password: '; read -r x" });
    await shell.waitForScreen("Password:");
    await expect(shell.waitForScreen(/^ready$/m, { timeout: 200 })).rejects.toMatchObject({
      code: "WAIT_TIMEOUT",
      message: expect.stringMatching(
        /^Waited 0\.\d s for \/\^ready\$\/m on the screen of the shell "printf .*" on pc1; last seen: this:\n {2}┌─+┐\n {2}│Password: +│\n {2}└─ 80×24, cursor in row 0, column 10 ─+┘$/,
      ),
    });
    await expect(shell.waitForExit({ timeout: 100 })).rejects.toMatchObject({
      code: "WAIT_TIMEOUT",
      message: expect.stringMatching(
        /^Waited 0\.\d s for the shell .* to end on pc1; last seen: this:\n[^]*Password:/,
      ),
    });
  });

  test("ends immediately when the program has ended", async () => {
    const shell = await open({ command: "echo 'no such thing'; exit 4" });
    await expect(shell.waitForScreen("ready", WAIT_20S)).rejects.toMatchObject({
      code: "WAIT_FAILED",
      message: expect.stringMatching(
        /^"ready" on the screen of the shell .* on pc1 will not appear: it exited with 4 after .*\n[^]*no such thing/,
      ),
    });
    for (const act of [
      () => shell.type("x"),
      () => shell.press("Enter"),
      () => shell.paste("x"),
      () => shell.resize({ columns: 9, rows: 9 }),
    ]) {
      await expect(act()).rejects.toMatchObject({
        code: "SHELL_ENDED",
        message: expect.stringContaining("no such thing"),
      });
    }
  });

  test("throws the error of its predicate", async () => {
    const reason = new Error("mine");
    const shell = await open();
    const wait = shell.waitForScreen(() => {
      throw reason;
    });
    await expect(wait).rejects.toBe(reason);
  });

  test("ends when its signal aborts", async () => {
    const abort = new AbortController();
    const wait = (await open()).waitForScreen("never", { signal: abort.signal });
    abort.abort(new Error("enough"));
    await expect(wait).rejects.toThrow("enough");
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
