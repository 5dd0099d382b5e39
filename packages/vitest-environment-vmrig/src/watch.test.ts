import { readFile, utimes } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openOtherUser } from "./other-user.test.kit.ts";
import { CTRL_C } from "./terminal.test.kit.ts";
import {
  openVitestRunner,
  SHARED,
  type RunningVitest,
  type VitestRunner,
} from "./vitest-run.test.kit.ts";

let runner: VitestRunner;
beforeAll(async () => {
  runner = await openVitestRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

const LIMIT_MS = 180_000;
const RIG = { TEST_RIG: JSON.stringify({ lease: { idle: "1s", onBusy: "fail" } }) };
const WATCHED = join(SHARED, "tests", "watched", "watched.test.ts");

const watch = (): Promise<RunningVitest> =>
  runner.start(SHARED, ["--watch", "--project", "watched"], RIG);

/** Writes the file as an editor does when it saves. */
const save = (): Promise<void> => utimes(WATCHED, new Date(), new Date());

test(
  "a watcher releases its machines when it is idle, leases them again for the next run, and retries what failed",
  async () => {
    await using bob = openOtherUser(runner.home, SHARED, RIG);
    const live = await watch();
    let seen = await live.prints(/Tests {2}1 passed/);
    seen = await live.prints(/idle {5}pcs-1: released/, seen);
    expect((await bob.status()).copies).toMatchObject([{ state: "free" }]);

    await save();
    seen = await live.prints(/lease {4}pcs-1: leased[^]*Tests {2}1 passed/, seen);
    seen = await live.prints(/idle {5}pcs-1: released/, seen);

    const giveBack = await bob.hold();
    await save();
    seen = await live.prints(/VmrigError \[RIG_BUSY\][^]*Test Files {2}1 failed/, seen);
    await giveBack();
    await save();
    seen = await live.prints(/Tests {2}1 passed/, seen);

    live.kill("SIGINT");
    const { code } = await live.ended;
    expect(code).toBe(130);
    expect((await bob.status()).copies).toMatchObject([{ state: "free" }]);
  },
  LIMIT_MS,
);

test(
  "a watcher that is terminated while it has leased the machines leaves nothing behind",
  async () => {
    await using bob = openOtherUser(runner.home, SHARED, RIG);
    const folder = await runner.folder();
    const live = await runner.start(SHARED, ["--watch", "--project", "waits", "1-works"], {
      TEST_RIG: "{}",
      TEST_FOLDER: folder,
    });
    await vi.waitFor(
      async () => expect(await readFile(join(folder, "log"), "utf8")).toContain("began"),
      { timeout: 60_000, interval: 20 },
    );
    live.kill("SIGTERM");
    expect((await live.ended).code).toBe(143);
    expect((await bob.status()).copies).toMatchObject([{ state: "free" }]);
  },
  LIMIT_MS,
);

test(
  "q ends an idle watcher that still has its machines, and leaves nothing behind",
  async () => {
    await using bob = openOtherUser(runner.home, SHARED);
    await using vitest = await runner.startAtTerminal(SHARED, ["--watch", "--project", "watched"], {
      TEST_RIG: "{}",
    });
    await vitest.shows(/press .*q.* to quit/);
    expect((await bob.status()).copies).toMatchObject([{ state: "held" }]);
    vitest.type("q");
    expect(await vitest.waitForEnd()).toBe(0);
    expect(await bob.status()).toMatchObject({ copies: [{ state: "free" }], queue: [] });
  },
  LIMIT_MS,
);

// A watcher reads the keys itself, so no process gets a signal. A run gets a signal, and so do all
// processes that it has started.
test.each([
  {
    who: "an idle watcher",
    words: ["--watch", "--project", "watched"],
    meanwhile: /press .*q.* to quit/,
    code: 130,
  },
  // The exit code is the same without vmrig.
  {
    who: "a watcher whose tests run",
    words: ["--watch", "--project", "waits", "1-works"],
    meanwhile: /leased/,
    code: 1,
  },
  {
    who: "a run whose tests run",
    words: ["run", "--project", "waits", "1-works"],
    meanwhile: /leased/,
    code: 130,
  },
])(
  "Ctrl-C at the terminal ends $who, and leaves nothing behind",
  async ({ words, meanwhile, code }) => {
    await using bob = openOtherUser(runner.home, SHARED);
    const folder = await runner.folder();
    await using vitest = await runner.startAtTerminal(SHARED, words, {
      TEST_RIG: "{}",
      TEST_FOLDER: folder,
    });
    await vitest.shows(meanwhile);
    await vi.waitFor(
      async () => expect(await readFile(join(folder, "log"), "utf8")).toMatch(/began|ran/),
      {
        timeout: 60_000,
        interval: 20,
      },
    );
    vitest.type(CTRL_C);
    expect(await vitest.waitForEnd()).toBe(code);
    expect(await bob.status()).toMatchObject({ copies: [{ state: "free" }], queue: [] });
  },
  LIMIT_MS,
);

test.each([
  { who: "a watcher", words: ["--watch", "--project", "watched"], code: 1 },
  { who: "a run", words: ["run", "--project", "watched"], code: 130 },
])(
  "Ctrl-C at the terminal removes $who from the queue immediately",
  async ({ words, code }) => {
    await using bob = openOtherUser(runner.home, SHARED);
    const giveBack = await bob.hold();
    await using vitest = await runner.startAtTerminal(SHARED, words, { TEST_RIG: "{}" });
    await vitest.shows(/you are next/);
    vitest.type(CTRL_C);
    expect(await vitest.ended).toBe(code);
    expect(await bob.status()).toMatchObject({ copies: [{ state: "held" }], queue: [] });
    await giveBack();
    await vitest.waitForEnd();
  },
  LIMIT_MS,
);
