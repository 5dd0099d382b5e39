import { expect, expectTypeOf, test } from "vitest";
import { toSequence } from "./key-sequence.ts";
import type { Key } from "./key.ts";

const NORMAL = { applicationCursor: false };
const APPLICATION = { applicationCursor: true };

test.each<[Key, string]>([
  ["Enter", "\r"],
  ["Tab", "\t"],
  ["Shift+Tab", "\u001b[Z"],
  ["Escape", "\u001b"],
  ["Backspace", "\u007f"],
  ["Ctrl+Backspace", "\b"],
  ["Space", " "],
  ["Ctrl+Space", "\0"],
  ["q", "q"],
  ["Q", "Q"],
  ["Shift+q", "Q"],
  ["+", "+"],
  ["Alt++", "\u001b+"],
  ["Alt+x", "\u001bx"],
  ["Alt+X", "\u001bX"],
  ["Alt+Enter", "\u001b\r"],
  ["Ctrl+C", "\u0003"],
  ["Ctrl+c", "\u0003"],
  ["Ctrl+Alt+D", "\u001b\u0004"],
  ["Ctrl+[", "\u001b"],
  ["Ctrl+\\", "\u001c"],
  ["Ctrl+_", "\u001f"],
  ["Ctrl+?", "\u007f"],
  ["ArrowUp", "\u001b[A"],
  ["Shift+ArrowLeft", "\u001b[1;2D"],
  ["Ctrl+Alt+Shift+End", "\u001b[1;8F"],
  ["F1", "\u001bOP"],
  ["Ctrl+F4", "\u001b[1;5S"],
  ["F10", "\u001b[21~"],
  ["Shift+F12", "\u001b[24;2~"],
  ["PageDown", "\u001b[6~"],
  ["Ctrl+Delete", "\u001b[3;5~"],
])("%s sends the sequence of xterm", (key, sent) => {
  expect(toSequence(key, NORMAL)).toBe(sent);
});

test("cursor keys follow the mode of the program, unless a modifier is held", () => {
  const keys: Key[] = ["ArrowUp", "ArrowDown", "ArrowRight", "ArrowLeft", "Home", "End"];
  expect(keys.map((key) => toSequence(key, APPLICATION))).toEqual(
    "ABCDHF".split("").map((letter) => `\u001bO${letter}`),
  );
  expect(toSequence("Ctrl+ArrowUp", APPLICATION)).toBe("\u001b[1;5A");
  expect(toSequence("Delete", APPLICATION)).toBe("\u001b[3~");
});

test.each([
  "",
  "Return",
  "ctrl+c",
  "Ctrl+",
  "Hyper+x",
  "Ctrl+1",
  "Shift+1",
  "é",
  "ab",
  "F13",
  "constructor",
])("rejects the key %j", (key) => {
  expect(() => toSequence(key, NORMAL)).toThrow(
    /is not a key that a terminal can send\.\n {2}keys: Enter, Tab, /,
  );
});

test("the types contain the keys", () => {
  expectTypeOf<"Ctrl+Shift+ArrowUp">().toExtend<Key>();
  expectTypeOf<"Return" | "Ctrl+1" | "Shift+Ctrl+A" | "control+c">().not.toExtend<Key>();
  // @ts-expect-error -- no such key
  const wrong: Key = "Return";
  expect(wrong).toBeTypeOf("string");
});
