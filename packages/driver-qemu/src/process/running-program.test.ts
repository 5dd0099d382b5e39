import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { randomUUID } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { endProcess, isRunningWithArgument } from "./running-program.ts";

/**
 * Starts a process and waits for its signal handlers; ends it after the test.
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
      // It has exited, as expected.
    }
  });
  await once(stdout, "data");
  return Object.assign(child, { pid });
}

const mark = (): string => `/run/${randomUUID()}.pid`;

test("a process is identified by a unique argument", async () => {
  const own = mark();
  const { pid } = await start("", "-pidfile", own);
  expect(await isRunningWithArgument(pid, own)).toBe(true);
});

test("a pid alone proves nothing", async () => {
  expect(await isRunningWithArgument(process.pid, mark())).toBe(false);
});

test("an argument that merely contains the mark does not match", async () => {
  const own = mark();
  const { pid } = await start("", `sock=${own}`, `${own}.old`);
  expect(await isRunningWithArgument(pid, own)).toBe(false);
});

test("an exited process is not running, even before its parent reaps it", async () => {
  const own = mark();
  const child = await start("", own);
  const ended = once(child, "exit");
  process.kill(child.pid, "SIGKILL");
  await ended;
  expect(await isRunningWithArgument(child.pid, own)).toBe(false);
});

test("ends a process with SIGTERM", async () => {
  const own = mark();
  const child = await start("", own);
  const ended = once(child, "exit");
  await endProcess(child.pid, own, "the test's process");
  expect(await ended).toEqual([null, "SIGTERM"]);
});

test("ends a process that ignores SIGTERM with SIGKILL", async () => {
  const own = mark();
  const child = await start('trap "" TERM', own);
  const ended = once(child, "exit");
  await endProcess(child.pid, own, "the test's process", 200);
  expect(await ended).toEqual([null, "SIGKILL"]);
});

test("never ends an unrelated process", async () => {
  const child = await start("", mark());
  await endProcess(child.pid, mark(), "the test's process");
  expect([child.exitCode, child.signalCode]).toEqual([null, null]);
  process.kill(child.pid, 0);
});

test("ending an exited process is no error", async () => {
  const own = mark();
  const child = await start("", own);
  await Promise.all([
    endProcess(child.pid, own, "the test's process"),
    endProcess(child.pid, own, "the test's process"),
  ]);
  await endProcess(child.pid, own, "the test's process");
  expect(await isRunningWithArgument(child.pid, own)).toBe(false);
});
