import { readFile, utimes } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openSomebody } from "./somebody.test.kit.ts";
import { openStage, SHARED, type Live, type Stage } from "./vitest-run.test.kit.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

const LIMIT_MS = 180_000;
const RIG = { TEST_RIG: JSON.stringify({ lease: { idle: "1s", onBusy: "fail" } }) };
const WATCHED = join(SHARED, "tests", "watched", "watched.test.ts");

const watch = (): Promise<Live> => stage.start(SHARED, ["--watch", "--project", "watched"], RIG);

/** As an editor does when it saves the file. */
const save = (): Promise<void> => utimes(WATCHED, new Date(), new Date());

test(
  "a watcher gives its machines back when it stands still, takes them again to run again, and tries again what failed",
  async () => {
    await using bob = openSomebody(stage.home, SHARED, RIG);
    const live = await watch();
    let seen = await live.prints(/Tests {2}1 passed/);
    seen = await live.prints(/idle {5}pcs-1: given back/, seen);
    expect((await bob.status()).copies).toMatchObject([{ state: "free" }]);

    await save();
    seen = await live.prints(/lease {4}pcs-1: leased[^]*Tests {2}1 passed/, seen);
    seen = await live.prints(/idle {5}pcs-1: given back/, seen);

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
  "a watcher that is told to end while it holds the machines leaves nothing behind",
  async () => {
    await using bob = openSomebody(stage.home, SHARED, RIG);
    const folder = await stage.folder();
    const live = await stage.start(SHARED, ["--watch", "--project", "waits", "1-works"], { TEST_RIG: "{}", TEST_FOLDER: folder });
    await vi.waitFor(async () => expect(await readFile(join(folder, "log"), "utf8")).toContain("began"), { timeout: 60_000, interval: 20 });
    live.kill("SIGTERM");
    expect((await live.ended).code).toBe(143);
    expect((await bob.status()).copies).toMatchObject([{ state: "free" }]);
  },
  LIMIT_MS,
);
