import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { randomUUID } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { endProcess, isRunning } from "./running-program.ts";

/**
 * A process that ran for some time, so that it has its signal handlers; gone when the test is over.
 */
async function start(
  script: string,
  ...args: string[]
): Promise<ChildProcess & { readonly pid: number }> {
  const child = spawn(
    "/bin/sh",
    ["-c", `${script}\necho ready\nwhile :; do sleep 1; done`, "sh", ...args],
    {
      stdio: ["ignore", "pipe", "ignore"],
      detached: true,
    },
  );
  const { pid, stdout } = child;
  if (pid === undefined) throw new Error("no process");
  onTestFinished(() => {
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // It has ended, as it should.
    }
  });
  await once(stdout, "data");
  return Object.assign(child, { pid });
}

const mark = (): string => `/run/${randomUUID()}.pid`;

test("a process is known by an argument of its own", async () => {
  const own = mark();
  const { pid } = await start("", "-pidfile", own);
  expect(await isRunning(pid, own)).toBe(true);
});

test("a pid alone proves nothing", async () => {
  expect(await isRunning(process.pid, mark())).toBe(false);
});

test("an argument that only holds the mark belongs to somebody else", async () => {
  const own = mark();
  const { pid } = await start("", `sock=${own}`, `${own}.old`);
  expect(await isRunning(pid, own)).toBe(false);
});

test("a process that ended is not running, also before its parent took notice", async () => {
  const own = mark();
  const child = await start("", own);
  const ended = once(child, "exit");
  process.kill(child.pid, "SIGKILL");
  await ended;
  expect(await isRunning(child.pid, own)).toBe(false);
});

test("ends a process by SIGTERM when it takes that", async () => {
  const own = mark();
  const child = await start("", own);
  const ended = once(child, "exit");
  await endProcess(child.pid, own, "the test's process");
  expect(await ended).toEqual([null, "SIGTERM"]);
});

test("ends a process that does not take SIGTERM by SIGKILL", async () => {
  const own = mark();
  const child = await start('trap "" TERM', own);
  const ended = once(child, "exit");
  await endProcess(child.pid, own, "the test's process", 200);
  expect(await ended).toEqual([null, "SIGKILL"]);
});

test("never ends a process that belongs to somebody else", async () => {
  const child = await start("", mark());
  await endProcess(child.pid, mark(), "the test's process");
  expect([child.exitCode, child.signalCode]).toEqual([null, null]);
  process.kill(child.pid, 0);
});

test("to end a process that is gone is no fault", async () => {
  const own = mark();
  const child = await start("", own);
  await Promise.all([
    endProcess(child.pid, own, "the test's process"),
    endProcess(child.pid, own, "the test's process"),
  ]);
  await endProcess(child.pid, own, "the test's process");
  expect(await isRunning(child.pid, own)).toBe(false);
});
