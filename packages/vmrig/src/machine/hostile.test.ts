import { randomUUID } from "node:crypto";
import { getEventListeners } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startMachine, type TestMachine } from "./fixtures.test.kit.ts";
import type { Machine } from "./machine.ts";

/** OpenSSH's `MaxSessions`, which is also the limit of sessions per connection. */
const SESSIONS = 10;

let rig: TestMachine;
let pc1: Machine;
const taken = new AbortController();
const scope = new AbortController();
/** Number of this process's connections, apart from the machine's connection. */
let others: number;
beforeAll(async () => {
  others = sockets();
  rig = await startMachine({ signal: taken.signal, scope: () => scope.signal });
  ({ pc1 } = rig);
});
afterAll(() => rig?.[Symbol.asyncDispose]());

function sockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
}

/** Returns the remains of ended commands: sessions, processes, connections, listeners. */
async function leftOver(): Promise<unknown> {
  const folder = `${rig.server.folder}/all-${randomUUID()}`;
  // Opens all sessions that the server allows at one time: a leaked session would leave nine.
  const all = Array.from(
    { length: SESSIONS },
    (_, index) =>
      pc1.$({
        timeout: "20s",
      })`mkdir -p ${folder}; touch ${folder}/${index}; until [ $(ls ${folder} | wc -l) -eq ${SESSIONS} ]; do sleep 0.02; done`,
  );
  await Promise.all(all);
  const { stdout } =
    await pc1.$`for stat in /proc/[0-9]*/stat; do read -r pid _ _ parent _ <$stat && [ $parent = $PPID ] && [ $pid != $$ ] && cat /proc/$pid/cmdline; done 2>/dev/null; :`;
  return {
    children: stdout,
    logins: rig.server.logins() - 1,
    dials: rig.dials() - 1,
    sockets: sockets() - others - 1,
    listeners: [taken.signal, scope.signal].map(
      (signal) => getEventListeners(signal, "abort").length,
    ),
  };
}
const NOTHING = { children: "", logins: 0, dials: 0, sockets: 0, listeners: [0, 0] };

test("a thousand concurrent commands each end with their own output", async () => {
  const results = await Promise.all(
    Array.from({ length: 1000 }, (_, index) => pc1.$`echo ${index}`),
  );
  expect(results.map(({ stdout }) => Number(stdout))).toEqual(
    Array.from({ length: 1000 }, (_, index) => index),
  );
  expect(await leftOver()).toEqual(NOTHING);
});

test("a hundred commands cancelled at random moments leave nothing behind", async () => {
  const outcomes = await Promise.all(
    Array.from({ length: 100 }, async (_, index) => {
      const abort = new AbortController();
      const command = pc1.$({ signal: abort.signal, reject: false })`yes & sleep 600`;
      let turns = index;
      const later = (): void => void (turns-- > 0 ? setImmediate(later) : abort.abort());
      later();
      const { isCanceled } = await command;
      return [isCanceled, getEventListeners(abort.signal, "abort").length];
    }),
  );
  expect(outcomes).toEqual(outcomes.map(() => [true, 0]));
  expect(await leftOver()).toEqual(NOTHING);
});

test("characters that a command line cannot contain are rejected before anything is sent", async () => {
  const bad: ReadonlyArray<[Promise<unknown>, string]> = [
    [pc1.$`echo ${"a\0b"}`, "cannot contain a NUL character (at position 1"],
    [pc1.exec("a\0"), "cannot contain a NUL character"],
    [pc1.$({ env: { A: "\0" } })`true`, "cannot contain a NUL character"],
    [pc1.$({ cwd: "a\0" })`true`, "cannot contain a NUL character"],
    [pc1.$`echo ${"\ud800"}`, "cannot contain half a surrogate pair"],
    [pc1.$({ timeout: "soon" })`true`, '"soon" is not a duration'],
    [pc1.$({ forceKillAfterDelay: "soon" })`true`, '"soon" is not a duration'],
  ];
  for (const [command, words] of bad) {
    await expect(command).rejects.toMatchObject({
      code: "COMMAND_INVALID",
      message: expect.stringContaining(words),
    });
  }
  expect(await leftOver()).toEqual(NOTHING);
});

test("an argument, a variable and a line of 1 MiB run or are rejected with a hint", async () => {
  const big = "x".repeat(1024 * 1024);
  const refused = {
    code: "COMMAND_INVALID",
    hint: "pass large data through the `input` option or `file().write()`",
  };
  await expect(pc1.$`echo ${big}`).rejects.toMatchObject(refused);
  await expect(pc1.exec("echo", [big])).rejects.toMatchObject(refused);
  await expect(pc1.$({ env: { BIG: big } })`true`).rejects.toMatchObject(refused);
  await expect(pc1.root.$`echo ${big}`).rejects.toMatchObject(refused);
  const words = Array.from({ length: 16 }, () => big.slice(0, 65_536));
  expect((await pc1.$`printf %s ${words} | wc -c`).stdout).toBe(String(big.length));
  expect((await pc1.$({ input: big })`wc -c`).stdout).toBe(String(big.length));
  expect(await leftOver()).toEqual(NOTHING);
});

test("bytes that are not text arrive unchanged, or with replacement characters as text", async () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
  expect((await pc1.$({ input: bytes, encoding: "buffer" })`cat`).stdout).toEqual(bytes);
  expect((await pc1.$({ input: bytes, stripFinalNewline: false })`cat`).stdout).toBe(
    bytes.toString("utf8"),
  );
  const failure = pc1.$({ input: bytes })`cat >&2; exit 3`;
  await expect(failure).rejects.toMatchObject({
    code: "COMMAND_FAILED",
    stderr: bytes.toString("utf8"),
  });
  expect(await leftOver()).toEqual(NOTHING);
});

test("flooding, interrupted and input-ignoring commands and vanished readers leave nothing behind", async () => {
  const quiet = pc1.$({ reject: false });
  await quiet({ maxBuffer: 10 })`yes; sleep 600`;
  await quiet({ buffer: false, timeout: "500ms" })`yes >&2`;
  expect(await quiet({ maxBuffer: 1_000_000 })`yes >&2 & yes; wait`).toMatchObject({
    isMaxBuffer: true,
  });
  await quiet({ input: Buffer.alloc(8_000_000) })`exit 4`;
  for await (const line of quiet`yes`) if (line === "y") break;
  await quiet`yes`.pipe(quiet`head -n 1`);
  await quiet`yes`.pipe(quiet`exit 3`);
  await quiet({ pty: true, timeout: "500ms" })`cat /dev/zero`;
  const endless = async function* (): AsyncGenerator<string> {
    for (;;) yield "y\n";
  };
  expect(await quiet({ input: endless() })`head -n 2`).toMatchObject({
    stdout: "y\ny",
    exitCode: 0,
  });
  expect(await leftOver()).toEqual(NOTHING);
});

test("a lost machine ends each running command with the output so far", async () => {
  await using doomed = await startMachine();
  const many = Array.from(
    { length: 8 },
    (_, index) => doomed.pc1.$({ reject: false })`echo line ${index}; exec sleep 600`,
  );
  const streams = many.map(async (command) => {
    const lines: string[] = [];
    for await (const line of command) lines.push(line);
    return lines;
  });
  await Promise.all(
    many.map(({ stdout }) => new Promise((resolve) => stdout.once("readable", resolve))),
  );
  await doomed.pc1.$`kill -KILL $PPID; sleep 600`.catch(() => {});
  for (const [index, outcome] of (await Promise.allSettled(many)).entries()) {
    expect(outcome).toMatchObject({
      status: "rejected",
      reason: { code: "CONNECTION_LOST", details: expect.arrayContaining([`  line ${index}`]) },
    });
  }
  for (const outcome of await Promise.allSettled(streams))
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "CONNECTION_LOST" } });
  expect((await doomed.pc1.$`echo back; pkill -KILL sleep`.waitForExit()).stdout).toBe("back");
  expect([doomed.dials(), doomed.server.logins(), sockets() - others]).toEqual([2, 2, 2]);
});

test("on a frozen machine a command ends at its timeout, and the next one at the reply deadline", async () => {
  const before = sockets();
  {
    await using doomed = await startMachine();
    const frozen = doomed.pc1.$({ timeout: "1s", reject: false })`echo so far; exec sleep 600`;
    await new Promise((resolve) => frozen.stdout.once("readable", resolve));
    const freezing = doomed.pc1.$({ timeout: "1s", reject: false })`kill -STOP $PPID; sleep 600`;
    expect(await frozen).toMatchObject({ timedOut: true, stdout: "so far", exitCode: undefined });
    expect(await freezing).toMatchObject({ timedOut: true });
    // Replaces the reply deadline of a session, which is long.
    await expect(doomed.pc1.$({ signal: AbortSignal.timeout(500) })`true`).rejects.toMatchObject({
      code: "CANCELLED",
    });
    await expect(doomed.pc1.$({ timeout: "500ms" })`true`).rejects.toMatchObject({
      code: "COMMAND_TIMEOUT",
    });
    expect(doomed.dials()).toBe(1);
  }
  expect(sockets()).toBe(before);
});
