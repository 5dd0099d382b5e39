import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { EXAMPLES, taskNamed } from "./tasks.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

test("passes further arguments on to the task's program", () => {
  expect(taskNamed("test", ["-t", "lease"])).toMatchObject({
    command: "vitest",
    args: ["run", "-t", "lease"],
    folder: ".",
  });
  expect(taskNamed("bench", ["exec"])).toEqual({
    command: "node",
    args: ["bench/main.ts", "exec"],
    folder: ".",
  });
});

test("only the tests need a browser and servers of other kinds", () => {
  const tasks = ["demo", "test", "long", "bench", "chaos", "check", "infra"];
  expect(tasks.filter((name) => taskNamed(name, []).tests === true)).toEqual(["test", "long"]);
});

test("only the task of the control plane needs no machine of this computer", () => {
  const tasks = ["demo", "test", "bench", "chaos", "check", "infra"];
  expect(tasks.filter((name) => taskNamed(name, []).remote === true)).toEqual(["infra"]);
});

test("runs the named example, or the first one by default", () => {
  expect(taskNamed("demo", ["two-node-cluster", "-t", "clocks"])).toEqual({
    command: "vitest",
    args: ["run", "-t", "clocks"],
    folder: "examples/two-node-cluster",
  });
  expect(taskNamed("demo", ["inbox"])).toEqual({
    command: "vitest",
    args: ["run", "inbox"],
    folder: "examples/two-machines",
  });
});

test("lists every example, and CI runs each one as its user would", async () => {
  // This one needs a project in a cloud.
  expect([...EXAMPLES, "shared-rig"].toSorted()).toEqual(
    (await readdir(`${ROOT}/examples`)).toSorted(),
  );
  const ci = await readFile(`${ROOT}/.github/workflows/ci.yml`, "utf8");
  expect(/example: \[(.*)\]/.exec(ci)?.[1]?.split(", ").toSorted()).toEqual(
    EXAMPLES.slice(1).toSorted(),
  );
});

test("lists the tasks for an unknown task", () => {
  expect(() => taskNamed("tets", [])).toThrow(
    expect.objectContaining({ details: ["tasks: demo, test, long, bench, chaos, check, infra"] }),
  );
});
