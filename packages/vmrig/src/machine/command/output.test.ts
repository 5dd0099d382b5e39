import { expect, expectTypeOf, test } from "vitest";
import type { CommandResult } from "./outcome/command-result.ts";
import { CommandError } from "./outcome/error.ts";
import { type TestMachine, useMachine } from "../fixtures.test.kit.ts";
import type { Machine } from "../machine.ts";

let rig: TestMachine;
let pc1: Machine;
useMachine((made) => {
  rig = made;
  ({ pc1 } = rig);
});

test("is text, bytes, lines or nothing according to the options, in the types too", async () => {
  const bytes = await pc1.$({ encoding: "buffer" })`printf '\\377\\000\\n'`;
  expectTypeOf(bytes).toEqualTypeOf<CommandResult<Uint8Array>>();
  expect([...bytes.stdout]).toEqual([0xff, 0x00, 0x0a]);
  const lines = await pc1.exec("printf", ["a\nb\r\n\nc"], { lines: true, all: true });
  expectTypeOf(lines.stdout).toEqualTypeOf<string[]>();
  expect([lines.stdout, lines.stderr, lines.all]).toEqual([
    ["a", "b", "", "c"],
    [],
    ["a", "b", "", "c"],
  ]);
  const nothing = await pc1.$({ buffer: false })({ timeout: "20s" })`echo a; echo b >&2`;
  expectTypeOf(nothing.stdout).toEqualTypeOf<undefined>();
  expect([nothing.stdout, nothing.stderr, nothing.exitCode]).toEqual([undefined, undefined, 0]);
  expectTypeOf(await pc1.exec("true")).toEqualTypeOf<CommandResult>();
  expectTypeOf(
    pc1.$({ encoding: "buffer" })({ encoding: "utf8" })`true`,
  ).resolves.toEqualTypeOf<CommandResult>();
  expectTypeOf(pc1.$({ lines: true })`true`[Symbol.asyncIterator]()).toEqualTypeOf<
    AsyncGenerator<string, void, undefined>
  >();
  expectTypeOf(pc1.$`true`.pipe(pc1.$({ encoding: "buffer" })`cat`)).resolves.toEqualTypeOf<
    CommandResult<Uint8Array>
  >();
  // @ts-expect-error no such encoding
  void pc1.$({ encoding: "latin1" });
});

test("that is not UTF-8 has replacement characters as text and is exact as bytes", async () => {
  expect((await pc1.$`printf 'a\\377\\303'`).stdout).toBe("a\uFFFD\uFFFD");
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  expect(Uint8Array.from((await pc1.$({ input: all, encoding: "buffer" })`cat`).stdout)).toEqual(
    all,
  );
  const lines: string[] = [];
  for await (const line of pc1.$`printf '☕'; sleep 0.1; printf '\\342\\230'; sleep 0.2; printf '\\225\\n\\377'`)
    lines.push(line);
  expect(lines).toEqual(["☕☕", "\uFFFD"]);
});

test("beyond `maxBuffer` kills the command with an error that names the limit", async () => {
  const error = await pc1.$({ maxBuffer: 1000 })`sleep 600 & yes`.catch(
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CommandError);
  expect(error).toMatchObject({
    code: "COMMAND_FAILED",
    isMaxBuffer: true,
    isCanceled: false,
    timedOut: false,
    stdout: "y\n".repeat(500).trimEnd(),
    summary: expect.stringMatching(
      /^`sleep 600 & yes` on pc1 printed more than its `maxBuffer` and was killed after /,
    ),
    details: expect.arrayContaining(["stdout had more than 1000 bytes"]),
    hint: "raise `maxBuffer`; or set `buffer: false` and read the output as a stream",
  });
  expect(await pc1.$({ maxBuffer: 4, reject: false })`printf 12345 >&2`).toMatchObject({
    isMaxBuffer: true,
    stderr: "1234",
    failed: true,
  });
  expect(await pc1.$({ maxBuffer: 4 })`printf 1234`).toMatchObject({
    isMaxBuffer: false,
    stdout: "1234",
  });
});

test("of a flooding guest does not delay the timeout", async () => {
  expect(
    await pc1.$({ buffer: false, timeout: "2s", reject: false })`sleep 600 & yes`,
  ).toMatchObject({
    timedOut: true,
    signal: "SIGKILL",
  });
  const unread = pc1.$({ buffer: false, timeout: "2s", reject: false })`yes`;
  expect(unread.stdout.readableFlowing).toBe(null);
  expect(await unread).toMatchObject({ timedOut: true });
});

test("of 1 GiB streams in constant memory", { timeout: 240_000 }, async () => {
  const size = 2 ** 30;
  const before = process.memoryUsage().rss;
  let peak = before;
  let bytes = 0;
  const flood = pc1.$({ buffer: false })`head -c ${size} /dev/zero`;
  for await (const chunk of flood.stdout) {
    bytes += (chunk as Buffer).length;
    peak = Math.max(peak, process.memoryUsage.rss());
  }
  await flood;
  expect(bytes).toBe(size);
  expect((peak - before) / 2 ** 20).toBeLessThan(300);
});

test("goes to a terminal with `pty`, and the terminal's input ends", async () => {
  const asked = await pc1.$({
    pty: { columns: 132, rows: 43, term: "vt220" },
  })`tty; stty size; echo $TERM >&2; cat; echo end`;
  expect(asked.stdout).toMatch(/^\/dev\/pts\/\d+\r\n43 132\r\nvt220\r\nend$/);
  expect(asked.stderr).toBe("");
  const { stdout } = await pc1.$({
    pty: true,
    lines: true,
    input: "one\ntwo",
  })`stty -echo; stty size; echo $TERM; cat; echo; echo end`;
  expect(stdout.slice(-4)).toEqual(["xterm-256color", "one", "two", "end"]);
  expect(stdout.at(-5)).toMatch(/24 80$/);
  expect((await pc1.root.$({ pty: true })`tty >/dev/null && id -un`).stdout).toBe(
    rig.server.becomes("root"),
  );
  const chat = pc1.$({ pty: true })`read -r name; echo "hello $name"`;
  chat.stdin.end("you\n");
  expect((await chat).stdout).toBe("you\r\nhello you");
  expect(
    await pc1.$({ pty: true, timeout: "2s", reject: false })`sleep 600 & sleep 601`,
  ).toMatchObject({
    timedOut: true,
    signal: "SIGKILL",
  });
  await expect(
    pc1.$({ pty: true })`: ${["x".repeat(100_000), "x".repeat(100_000)]}`,
  ).rejects.toMatchObject({ code: "COMMAND_INVALID" });
});
