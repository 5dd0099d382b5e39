import { chmod, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startMachine, type TestMachine } from "../machine/fixtures.test.kit.ts";
import { leftBehind } from "./left-behind.ts";
import { takeSystemSnapshot, type SystemSnapshot } from "./system-snapshot.ts";

/**
 * Sets up this computer as a machine, queried as its user instead of root. Other programs also run
 * on it.
 */
async function setUpMachine(): Promise<
  TestMachine & {
    readonly etc: string;
    snapshot(): Promise<SystemSnapshot>;
    /** Returns what `work` left behind. */
    leftBy(work: () => Promise<unknown>): Promise<string[]>;
  }
> {
  const machine = await startMachine();
  onTestFinished(() => machine[Symbol.asyncDispose]());
  const etc = join(machine.server.folder, "etc");
  await mkdir(join(etc, "app"), { recursive: true });
  await writeFile(join(etc, "hosts"), "127.0.0.1 localhost\n");
  await writeFile(join(etc, "app", "it's a file"), "1\n");
  const snapshot = (): Promise<SystemSnapshot> =>
    takeSystemSnapshot(machine.pc1, { guest: "linux", folder: etc });
  return {
    ...machine,
    etc,
    snapshot,
    async leftBy(work) {
      const before = await snapshot();
      await work();
      return leftBehind(before, await snapshot(), "/etc");
    },
  };
}

/**
 * Kills a process of this computer after the test, unless it has already ended.
 */
function killAfterTest(pid: number): void {
  onTestFinished(() => {
    try {
      process.kill(pid);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
  });
}

test("new, changed and removed files are listed", async () => {
  const { etc, leftBy } = await setUpMachine();
  const files = (lines: string[]): string[] => lines.filter((line) => line.startsWith("/etc"));
  expect(files(await leftBy(() => writeFile(join(etc, "hosts"), "127.0.0.1 localhost\n")))).toEqual(
    [],
  );
  const left = await leftBy(async () => {
    await writeFile(join(etc, "hosts"), "changed\n");
    await chmod(join(etc, "app"), 0o775);
    await symlink("../hosts", join(etc, "app", "link"));
    await rm(join(etc, "app", "it's a file"));
    await writeFile(join(etc, "resolv.conf"), "written by itself\n");
  });
  expect(files(left)).toEqual([
    "/etc/app is changed",
    "/etc/app/it's a file is gone",
    "/etc/app/link is new",
    "/etc/hosts is changed",
  ]);
});

test("a new listening port is listed, and a closed one is not", async () => {
  const { leftBy } = await setUpMachine();
  const server = createServer();
  onTestFinished(() => void server.close());
  let port = 0;
  const listen = (): Promise<void> =>
    new Promise((resolve) => {
      server.listen(0, "127.0.0.1", () => {
        port = (server.address() as { port: number }).port;
        resolve();
      });
    });
  const left = await leftBy(listen);
  expect(left).toContain(`tcp port ${port} on 127.0.0.1`);
  const closed = await leftBy(() => new Promise((resolve) => void server.close(resolve)));
  expect(closed).not.toContain(`tcp port ${port} on 127.0.0.1`);
});

test("a process left running is listed with user and arguments; the query itself is not", async () => {
  const { pc1, snapshot, gone } = await setUpMachine();
  const before = await snapshot();
  const { stdout: pid } = await pc1.$`sleep 601 >/dev/null 2>&1 & echo $!`;
  killAfterTest(Number(pid));
  const user = (await pc1.$`id -un`).stdout;
  const after = await snapshot();
  const left = leftBehind(before, after, "/etc");
  expect(left.filter((line) => line.includes(` ${pid} `))).toEqual([
    expect.stringMatching(new RegExp(`^process ${pid} of ${user}.*: sleep 601$`)),
  ]);
  expect(
    [...before.processes, ...after.processes]
      .filter(({ name }) => /^(?:sshd(?:-.*)?|grep|cksum)$/.test(name))
      .map(({ args }) => args.join(" ")),
  ).toEqual([]);
  await pc1.$`kill ${pid}`;
  await gone(pid);
  expect(
    leftBehind(before, await snapshot(), "/etc").filter((line) => line.includes(` ${pid} `)),
  ).toEqual([]);
});

test("a snapshot of a guest on a shared computer has only the processes of its own home, and no ports", async () => {
  const { pc1, server } = await setUpMachine();
  const home = join(server.folder, "home");
  const env = { HOME: home };
  const { stdout } = await pc1.$({
    env,
  })`sleep 602 >/dev/null 2>&1 & echo $!; HOME=${`${home}2`} sleep 602 >/dev/null 2>&1 & echo $!`;
  const pids = stdout.split("\n").map(Number);
  pids.forEach(killAfterTest);
  const withHome = {
    ...pc1,
    exec: ((file: string, args: string[], options: object) =>
      pc1.exec(file, args, { ...options, env })) as typeof pc1.exec,
  };
  const { processes, listeners } = await takeSystemSnapshot(withHome, {
    guest: "shell",
    folder: server.folder,
  });
  expect(processes.map(({ pid }) => pid)).toEqual([pids[0]]);
  expect(listeners).toEqual([]);
});

const empty: SystemSnapshot = {
  boot: "1",
  processes: [],
  listeners: [],
  files: new Map(),
  jobs: new Set(),
};
const inGroup = (pid: number, group: string): SystemSnapshot["processes"][number] => ({
  pid,
  parentPid: 1,
  name: "app",
  user: "root",
  args: ["app", "--serve"],
  state: "sleeping",
  residentBytes: 1,
  group,
});

test("a new service is listed by name; a restarted one, a systemd job and a short-lived service are not", () => {
  const before = { ...empty, processes: [inGroup(10, "/system.slice/nginx.service")] };
  const after = {
    ...empty,
    processes: [
      inGroup(20, "/system.slice/nginx.service"),
      inGroup(21, "/system.slice/redis.service"),
      inGroup(22, "/system.slice/apt-daily.service"),
      inGroup(23, "/system.slice/systemd-hostnamed.service"),
      inGroup(24, "/system.slice/ssh.service"),
      inGroup(25, "/user.slice/user-1000.slice/session-3.scope"),
      inGroup(26, "/user.slice/user-1000.slice/user@1000.service/app.slice/own.service"),
    ],
    jobs: new Set(["apt-daily.service"]),
  };
  expect(leftBehind(before, after, "/etc")).toEqual([
    "process 21 of root, redis.service: app --serve",
    "process 24 of root: app --serve",
    "process 25 of root: app --serve",
    "process 26 of root, own.service: app --serve",
  ]);
});

test("after a reboot processes are not compared, files and ports are", () => {
  const before = {
    ...empty,
    listeners: [{ protocol: "tcp" as const, address: "0.0.0.0", port: 22 }],
  };
  const after = {
    ...empty,
    boot: "2",
    processes: [inGroup(20, "")],
    listeners: [...before.listeners, { protocol: "udp" as const, address: "::", port: 53 }],
    files: new Map([["./motd", "644 0:0 1 1"]]),
  };
  expect(leftBehind(before, after, "/etc")).toEqual(["udp port 53 on ::", "/etc/motd is new"]);
});
