import { expect, test } from "vitest";
import { restoredLine, sinceRestored } from "./restored-line.ts";

const back = restoredLine("pc1", "baseline-1");

test("removes the output from before the restore, and keeps the restored line", () => {
  expect(sinceRestored(`Kernel panic\n${back}\nlogin:`)).toBe(`${back}\nlogin:`);
  expect(sinceRestored(`${back}\nKernel panic\n${back}\n`)).toBe(`${back}\n`);
});

test("leaves a console unchanged that has no restored line, or has its text in the middle of a line", () => {
  expect(sinceRestored("Booting\nlogin:")).toBe("Booting\nlogin:");
  expect(sinceRestored(`echo ${back}\nlogin:`)).toBe(`echo ${back}\nlogin:`);
});
