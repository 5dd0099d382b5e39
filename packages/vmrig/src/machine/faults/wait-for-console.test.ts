import { expect, test } from "vitest";
import { linesOf } from "./wait-for-console.ts";

test("a line on the console has no control sequences of a terminal", () => {
  // What systemd 257 writes when it starts, and the colors of its status lines.
  const start = "\u001b[!p\u001b]104\u0007\u001b[?7h";
  expect(linesOf(`${start}here is a mark\r\n[\u001b[0;32m  OK  \u001b[0m] Started x\n`)).toEqual([
    "here is a mark",
    "[  OK  ] Started x",
    "",
  ]);
});
