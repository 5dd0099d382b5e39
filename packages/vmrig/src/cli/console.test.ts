import { expect, test } from "vitest";
import { waitFor } from "../wait/wait-for.ts";
import { followConsole, readConsole } from "./console.ts";

/** A console with content controlled by the test, read in chunks of three letters. */
function consoleOf(written: { text: string }) {
  const printed: string[] = [];
  const read = async function* () {
    for (let at = 0; at < written.text.length; at += 3) yield written.text.slice(at, at + 3);
  };
  return {
    name: "pc1",
    read,
    print: (text: string) => void printed.push(text),
    printed: () => printed.join(""),
  };
}

test.each([0, 1, 3, 4, 10, 11, 99])(
  "prints what comes after %i known characters",
  async (known) => {
    const text = "hello world";
    const console = consoleOf({ text });
    expect(await readConsole(console, known)).toBe(text.length);
    expect(console.printed()).toBe(text.slice(known));
  },
);

test("follows a console that grows or restarts, until the signal aborts", async () => {
  const written = { text: "one\n" };
  const console = consoleOf(written);
  const end = new AbortController();
  const following = followConsole(console, end.signal);
  const prints = (text: string) =>
    waitFor({
      what: `the console to print ${text}`,
      timeoutMs: 10_000,
      intervalMs: 10,
      probe: () =>
        Promise.resolve(console.printed() === text ? { value: true } : { seen: console.printed() }),
    });
  await prints("one\n");
  written.text += "two\n";
  await prints("one\ntwo\n");
  written.text = "new\n";
  await prints("one\ntwo\nnew\n");
  end.abort();
  await following;
  expect(console.printed()).toBe("one\ntwo\nnew\n");
});
