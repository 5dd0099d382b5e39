import { expect, test } from "vitest";
import { restoredLine, sinceRestored } from "./restored-line.ts";

const back = restoredLine("pc1", "baseline-1");

test("what was printed before the machine was brought back is cut off, and the line that says so stays", () => {
  expect(sinceRestored(`Kernel panic\n${back}\nlogin:`)).toBe(`${back}\nlogin:`);
  expect(sinceRestored(`${back}\nKernel panic\n${back}\n`)).toBe(`${back}\n`);
});

test("a console that was never brought back, or whose guest prints the words in the middle of a line, is left as it is", () => {
  expect(sinceRestored("Booting\nlogin:")).toBe("Booting\nlogin:");
  expect(sinceRestored(`echo ${back}\nlogin:`)).toBe(`echo ${back}\nlogin:`);
});
