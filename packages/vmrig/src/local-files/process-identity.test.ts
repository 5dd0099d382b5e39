import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { Readable, Writable } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import {
  formatIdentity,
  identifyProcess,
  isProcessRunning,
  judgeProcess,
  parseIdentity,
  processState,
  startTimeFromPs,
  startTimeOf,
} from "./process-identity.ts";
import { inNewPidNamespace, hasNamespaces, moduleUrl } from "./pid-namespace.test.kit.ts";

/** Starts a process that runs until the test ends. */
function start(): { readonly pid: number; end(): Promise<void> } {
  const child = spawn("sleep", ["3600"], { stdio: "ignore" });
  const exited = once(child, "exit");
  const end = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
  };
  onTestFinished(end);
  return { pid: child.pid as number, end };
}

test("tells a running process from one that has ended", async () => {
  const { pid, end } = start();
  expect([isProcessRunning(process.pid), isProcessRunning(pid)]).toEqual([true, true]);
  await end();
  expect(isProcessRunning(pid)).toBe(false);
});

test("a process of another user is running", () => {
  // Root may signal every process, so that only other users see the refusal.
  expect(isProcessRunning(1)).toBe(true);
});

test("the start time is constant, and a later process has another one", async () => {
  const first = start();
  const time = await startTimeOf(first.pid);
  expect(time).toMatch(/^\S+$/);
  // Linux counts the start time in ticks of 10 ms, other systems in seconds.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  expect(await startTimeOf(first.pid)).toBe(time);
  expect(await startTimeOf(start().pid)).not.toBe(time);
});

test.each([
  ["the system", startTimeOf],
  ["ps", startTimeFromPs],
])("a process that has ended has no start time from %s", async (_, read) => {
  const { pid, end } = start();
  await end();
  expect(await read(pid)).toBeUndefined();
});

test.each([
  ["the system", startTimeOf],
  ["ps", startTimeFromPs],
])("a process that its parent has not collected has no start time from %s", async (_, read) => {
  // The shell becomes a program that never waits for its child. The child must not end before that:
  // a shell may collect it.
  const parent = spawn("/bin/sh", ["-c", "head -n 1 <&3 & echo $!; exec sleep 3600"], {
    stdio: ["ignore", "pipe", "ignore", "pipe"],
  });
  onTestFinished(() => void parent.kill("SIGKILL"));
  const [pid] = (await once(parent.stdout as Readable, "data")) as [Buffer];
  await expect.poll(() => readFile(`/proc/${parent.pid}/comm`, "utf8")).toBe("sleep\n");
  (parent.stdio[3] as Writable).end("\n");
  await expect.poll(() => read(Number(String(pid)))).toBeUndefined();
  expect(isProcessRunning(Number(String(pid)))).toBe(true);
});

test("the start time from ps does not depend on language and time zone", async () => {
  const { pid } = start();
  const script = `import { startTimeFromPs } from ${JSON.stringify(new URL("./process-identity.ts", import.meta.url).href)};
    process.stdout.write(await startTimeFromPs(${pid}));`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
    encoding: "utf8",
    env: { ...process.env, TZ: "Asia/Tokyo", LC_ALL: "de_DE.UTF-8" },
  });
  const written = /^[A-Z][a-z]{2}-[A-Z][a-z]{2}-\d{1,2}-\d\d:\d\d:\d\d-\d{4}$/;
  const times = [stdout, await startTimeFromPs(pid)];
  expect(times).toEqual([expect.stringMatching(written), expect.stringMatching(written)]);
  // Linux computes this time on each call, with an error of a second.
  const [there = 0, here = 0] = times.map((time) => Date.parse(String(time).replaceAll("-", " ")));
  expect(Math.abs(there - here)).toBeLessThanOrEqual(1_000);
});

const RECORDED = { pid: 7, startTime: "100", boot: "b1", pidNamespace: "n1" };

test.each([
  ["running", "the recorded process", { boot: "b1", pidNamespace: "n1", startTime: "100" }],
  ["ended", "no process has the pid", { boot: "b1", pidNamespace: "n1" }],
  ["ended", "a later process has the pid", { boot: "b1", pidNamespace: "n1", startTime: "200" }],
  ["ended", "the computer has booted since", { boot: "b2", pidNamespace: "n1", startTime: "100" }],
  ["elsewhere", "another boot id and namespace", { boot: "b2", pidNamespace: "n2" }],
  ["elsewhere", "no boot id here", { boot: "", pidNamespace: "n1", startTime: "100" }],
  ["elsewhere", "another namespace", { boot: "b1", pidNamespace: "n2" }],
  [
    "elsewhere",
    "another namespace, same pid",
    { boot: "b1", pidNamespace: "n2", startTime: "100" },
  ],
] as const)("a recorded process is %s: %s", (state, _, here) => {
  expect(judgeProcess(RECORDED, here)).toBe(state);
});

test.each([
  ["running", "100"],
  ["ended", "200"],
])(
  "a record of an older version, without boot and namespace, is %s by its start time",
  (state, startTime) => {
    const here = { boot: "b1", pidNamespace: "n1", startTime };
    expect(judgeProcess({ ...RECORDED, boot: "", pidNamespace: "" }, here)).toBe(state);
  },
);

test("a process without a start time when it was recorded counts as ended", () => {
  const unknown = { ...RECORDED, startTime: "" };
  expect(judgeProcess(unknown, { boot: "b1", pidNamespace: "n1" })).toBe("ended");
});

test("a record of a process follows its end", async () => {
  const { pid, end } = start();
  const recorded = await identifyProcess(pid);
  expect(await processState(recorded)).toBe("running");
  await end();
  expect(await processState(recorded)).toBe("ended");
});

test("an identity in a file name is read again", async () => {
  const me = await identifyProcess(process.pid);
  expect(parseIdentity(`ssh-${formatIdentity(me)}-a1B2c3`)).toEqual(me);
});

test.each(["", "note.json.01234567.12", "0_1_2_3", "x_y_z_1"])(
  "%j contains no identity",
  (name) => {
    expect(parseIdentity(name)).toBeUndefined();
  },
);

test.runIf(hasNamespaces)(
  "a record from another PID namespace is not judged by its pid",
  async () => {
    const container =
      inNewPidNamespace(`import { identifyProcess } from ${moduleUrl("./process-identity.ts", import.meta.url)};
    console.log(JSON.stringify(await identifyProcess(process.pid)));
    setInterval(() => {}, 1000);`);
    const recorded = JSON.parse(await container.line()) as ReturnType<typeof parseIdentity> &
      object;
    // Here, 1 is the pid of another process, which runs.
    expect([recorded.pid, isProcessRunning(1)]).toEqual([1, true]);
    expect(await processState(recorded)).toBe("elsewhere");
  },
);
