import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { hasNamespaces, inNewPidNamespace, moduleUrl } from "./pid-namespace.test.kit.ts";
import { isNestedProcess, ownPlace } from "./place.ts";

test.each([
  [false, "Name:\tqemu\nPid:\t7\nNSpid:\t7\nNSpgid:\t7\t1\n"],
  [true, "Name:\tqemu\nPid:\t7\nNSpid:\t7\t1\nNSpgid:\t7\t1\n"],
  [true, "NSpid:\t7\t2\t1\n"],
  [false, ""],
])("nested: %s for %j", (nested, status) => {
  expect(isNestedProcess(status)).toBe(nested);
});

test("this process is not nested", async () => {
  expect(isNestedProcess(await readFile("/proc/self/status", "utf8"))).toBe(false);
});

test.runIf(hasNamespaces)(
  "a container has the boot of its host, and another namespace",
  async () => {
    const container =
      inNewPidNamespace(`import { ownPlace } from ${moduleUrl("./place.ts", import.meta.url)};
    console.log(JSON.stringify(ownPlace()));`);
    const there = JSON.parse(await container.line()) as ReturnType<typeof ownPlace>;
    const here = ownPlace();
    expect(there.boot).toBe(here.boot);
    expect(here.boot).toHaveLength(8);
    expect(there.pidNamespace).not.toBe(here.pidNamespace);
  },
);
