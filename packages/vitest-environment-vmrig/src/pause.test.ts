import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openOtherUser } from "./other-user.test.kit.ts";
import { CTRL_C } from "./terminal.test.kit.ts";
import { openVitestRunner, SHARED, type VitestRunner } from "./vitest-run.test.kit.ts";

let runner: VitestRunner;
beforeAll(async () => {
  runner = await openVitestRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

const LIMIT_MS = 120_000;
const PAUSE = { VMRIG_PAUSE: "on-failure", CI: undefined, TEST_RIG: "{}" };
const PAUSED = /paused +Press Enter to continue, Ctrl\+C to end the run/;

test(
  "a failed test pauses the run; another terminal can log in; Enter continues the run",
  async () => {
    await using me = openOtherUser(runner.home, SHARED);
    const folder = await runner.folder();
    const log = (): Promise<string> => readFile(join(folder, "log"), "utf8").catch(() => "");
    await using vitest = await runner.startAtTerminal(SHARED, ["run", "--project", "fails"], {
      ...PAUSE,
      TEST_FOLDER: folder,
    });
    await vitest.shows(PAUSED);
    expect(vitest.output()).toMatch(
      /paused {3}tests\/fails\/1-fails\.test\.ts > leaves a file and fails\r?\n/,
    );
    expect(vitest.output()).toMatch(/paused {5}expected 'evidence' to be 'something else'/);
    expect(vitest.output()).toMatch(/paused {5}evidence of pcs-1: /);
    expect(vitest.output()).toMatch(
      /paused {3}pcs-1 stays as the test left it until \d\d:\d\d:\d\d\./,
    );
    expect(vitest.output()).toMatch(/paused {5}vmrig ssh pc1\r?\n/);

    expect(await me.vmrig("ssh", "pc1", "--", "cat evidence")).toContain(
      "as the failed test left it",
    );
    expect(await me.vmrig("exec", "pc1", "--", "cat", "evidence")).toMatch(
      /pcs-1 as it is at a failed test of a run that is paused, yours until \d\d:\d\d; not rolled back/,
    );
    expect(await me.vmrig("release")).toMatch(
      /paused {3}pcs-1: press Enter at the terminal of its run\nnothing {2}no copy of \S+ is retained for you/,
    );
    expect((await me.status()).copies).toMatchObject([{ state: "held" }]);
    expect(await log()).toBe("");

    vitest.type("\r");
    expect(await vitest.waitForEnd(), vitest.output()).toBe(1);
    expect(await log()).toBe("same file\nlater file\n");
    expect((await me.status()).copies).toMatchObject([{ state: "free" }]);
  },
  LIMIT_MS,
);

test(
  "Ctrl-C at a pause ends the run and releases everything",
  async () => {
    await using me = openOtherUser(runner.home, SHARED);
    const folder = await runner.folder();
    await using vitest = await runner.startAtTerminal(SHARED, ["run", "--project", "fails"], {
      ...PAUSE,
      TEST_FOLDER: folder,
    });
    await vitest.shows(PAUSED);
    vitest.type(CTRL_C);
    expect(await vitest.waitForEnd(), vitest.output()).toBe(130);
    expect((await me.status()).copies).toMatchObject([{ state: "free" }]);
    await expect(readFile(join(folder, "log"), "utf8")).rejects.toThrow("ENOENT");
  },
  LIMIT_MS,
);

test(
  "a watcher pauses at each failed run, and has its own keys the rest of the time",
  async () => {
    const folder = await runner.folder();
    const log = (): Promise<string> => readFile(join(folder, "log"), "utf8").catch(() => "");
    await using vitest = await runner.startAtTerminal(SHARED, ["--watch", "--project", "fails"], {
      ...PAUSE,
      TEST_FOLDER: folder,
    });
    await vitest.shows(PAUSED);
    vitest.type("x\r");
    await vitest.shows(/press .*q.* to quit/);
    expect(await log()).toBe("same file\nlater file\n");
    vitest.type("a");
    await vi.waitFor(() => expect(vitest.output().match(new RegExp(PAUSED, "g"))).toHaveLength(2), {
      timeout: 60_000,
      interval: 20,
    });
    vitest.type(CTRL_C);
    expect(await vitest.waitForEnd(), vitest.output()).toBe(1);
    expect(await log()).toBe("same file\nlater file\n");
  },
  LIMIT_MS,
);

test.each([
  ["without a terminal", PAUSE, "there is no terminal to press a key in"],
  [
    "with an invalid value",
    { ...PAUSE, VMRIG_PAUSE: "always" },
    'VMRIG_PAUSE is "always"; the only valid value is "on-failure"',
  ],
])(
  "%s nothing pauses, and the run says so once",
  async (_when, env, why) => {
    const run = await runner.run(SHARED, ["--project", "fails", "--project", "watched"], env);
    expect(run.outcome("fails/2-later.test.ts"), run.output).toEqual({ passed: 1 });
    expect(
      run.logLines.filter((line) => line.includes("pause")).map((line) => line.trim()),
    ).toEqual([`vmrig  pause    failed tests do not pause: ${why}`]);
  },
  LIMIT_MS,
);

test(
  "in CI nothing pauses, with or without a terminal",
  async () => {
    await using vitest = await runner.startAtTerminal(SHARED, ["run", "--project", "fails"], {
      ...PAUSE,
      CI: "true",
    });
    expect(await vitest.waitForEnd(), vitest.output()).toBe(1);
    expect(vitest.output()).toContain(
      "failed tests do not pause: this is CI, where no person can press a key",
    );
    expect(vitest.output()).not.toMatch(PAUSED);
  },
  LIMIT_MS,
);
