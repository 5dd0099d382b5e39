import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { randomUUID } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { endProcess, isRunningWithArgument, type EndOptions } from "./running-program.ts";

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

const uniqueArgument = (): string => `/run/${randomUUID()}.pid`;

function options({ pid }: { readonly pid: number }, identifyingArgument: string): EndOptions {
  return { pid, identifyingArgument, name: "the test's process" };
}

test("a process is identified by a unique argument", async () => {
  const own = uniqueArgument();
  const { pid } = await start("", "-pidfile", own);
  expect(await isRunningWithArgument(pid, own)).toBe(true);
});

test("a pid alone proves nothing", async () => {
  expect(await isRunningWithArgument(process.pid, uniqueArgument())).toBe(false);
});

test("an argument that merely contains the identifying argument does not match", async () => {
  const own = uniqueArgument();
  const { pid } = await start("", `sock=${own}`, `${own}.old`);
  expect(await isRunningWithArgument(pid, own)).toBe(false);
});

test("an exited process is not running, even before its parent reaps it", async () => {
  const own = uniqueArgument();
  const child = await start("", own);
  const ended = once(child, "exit");
  process.kill(child.pid, "SIGKILL");
  await ended;
  expect(await isRunningWithArgument(child.pid, own)).toBe(false);
});

test("ends a process with SIGTERM", async () => {
  const own = uniqueArgument();
  const child = await start("", own);
  const ended = once(child, "exit");
  await endProcess(options(child, own));
  expect(await ended).toEqual([null, "SIGTERM"]);
});

test("ends a process that ignores SIGTERM with SIGKILL", async () => {
  const own = uniqueArgument();
  const child = await start('trap "" TERM', own);
  const ended = once(child, "exit");
  await endProcess({ ...options(child, own), timeoutMs: 200 });
  expect(await ended).toEqual([null, "SIGKILL"]);
});

test("never ends an unrelated process", async () => {
  const child = await start("", uniqueArgument());
  await endProcess(options(child, uniqueArgument()));
  expect([child.exitCode, child.signalCode]).toEqual([null, null]);
  process.kill(child.pid, 0);
});

test("ending an exited process is no error", async () => {
  const own = uniqueArgument();
  const child = await start("", own);
  await Promise.all([endProcess(options(child, own)), endProcess(options(child, own))]);
  await endProcess(options(child, own));
  expect(await isRunningWithArgument(child.pid, own)).toBe(false);
});
