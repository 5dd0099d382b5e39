import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type TestMachine, useMachine } from "../fixtures.test.kit.ts";
import type { Machine } from "../machine.ts";
import type { ShellOptions } from "./options.ts";
import type { Shell } from "./shell.ts";
import { openShell, WAIT_20S } from "./shell.test.kit.ts";

let rig: TestMachine;
let pc1: Machine;
useMachine((made) => {
  rig = made;
  ({ pc1 } = rig);
});

const open = (options: ShellOptions): Promise<Shell> => openShell(pc1, options);

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
