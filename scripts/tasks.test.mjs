import { expect, test } from "vitest";
import { taskNamed } from "./tasks.mjs";

test("passes further arguments on to the task's program", () => {
  expect(taskNamed("test", ["-t", "lease"])).toMatchObject({ command: "vitest", args: ["run", "-t", "lease"], folder: "." });
  expect(taskNamed("bench", ["exec"])).toEqual({ command: "node", args: ["bench/main.ts", "exec"], folder: "." });
});

test("only the tests need a browser", () => {
  const tasks = ["demo", "test", "bench", "chaos", "check"];
  expect(tasks.filter((name) => taskNamed(name, []).browser === true)).toEqual(["test"]);
});

test("lists the tasks when it does not know one", () => {
  expect(() => taskNamed("tets", [])).toThrow(expect.objectContaining({ details: ["tasks: demo, test, bench, chaos, check"] }));
});
