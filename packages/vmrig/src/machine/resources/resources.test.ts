import { createServer } from "node:net";
import { createSocket } from "node:dgram";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { quote } from "../../ssh/quote.ts";
import { freePort } from "../../ssh/fixtures/sshd.test.kit.ts";
import { startMachine, type TestMachine, useMachine } from "../fixtures.test.kit.ts";
import type { Machine } from "../machine.ts";

/** Runs against a real SSH server on this computer, with its real programs and kernel. */
let rig: TestMachine;
let pc1: Machine;
useMachine((made) => {
  rig = made;
  ({ pc1 } = rig);
});

test("every resource has its kind, machine, user and title", () => {
  const { user } = pc1;
  expect(pc1.service("nginx")).toMatchObject({
    kind: "service",
    machine: "pc1",
    user,
    title: "service nginx",
  });
  expect(pc1.root.port(53, { protocol: "udp", host: "::1" })).toMatchObject({
    user: "root",
    title: "port 53/udp on ::1",
  });
  expect(pc1.socket("unix:///run/x.sock")).toMatchObject({
    kind: "socket",
    title: "unix socket /run/x.sock",
  });
  expect(pc1.process({ name: "sh", user: "root", args: /-c/ })).toMatchObject({
    title: "process sh of root with /-c/ in its arguments",
  });
});

test("facts have system, kernel, processors, memory and boot", async () => {
  const [facts, uname, bootId] = await Promise.all([
    pc1.facts(),
    pc1.$`uname -r`,
    pc1.file("/proc/sys/kernel/random/boot_id").text(),
  ]);
  expect(facts).toMatchObject({
    hostname: hostname(),
    kernel: uname.stdout,
    bootId: bootId.trim(),
  });
  expect(facts.os.id).toMatch(/^[a-z]+$/);
  expect(facts.os.title).not.toBe("");
  expect(facts.cpus).toBeGreaterThan(0);
  expect(facts.memoryBytes).toBeGreaterThan(2 ** 20);
  expect(facts.uptimeSeconds).toBeGreaterThan(0);
  expect(facts.init).not.toBe("");
});

describe("an account", () => {
  test("has ids, home, shell and groups", async () => {
    const root = await pc1.account("root").account();
    expect(root).toMatchObject({ name: "root", uid: 0, gid: 0, home: "/root" });
    expect(root?.groups[0]).toBe("root");
    expect(await pc1.account(pc1.user).account()).toMatchObject({ name: pc1.user });
  });

  test("that does not exist is undefined and no error", async () => {
    expect(await pc1.account("no-such-account").account()).toBeUndefined();
    expect(await pc1.group("no-such-account").exists()).toBe(false);
    expect(await pc1.group("root").entry()).toMatchObject({ name: "root", gid: 0 });
  });
});

describe("processes", () => {
  test("are found by name, user and arguments with any characters", async () => {
    const word = `needle 'x' "y" ${userInfo().uid}\nsecond`;
    const stop = new AbortController();
    const running = pc1.exec("sh", ["-c", "sleep 600; :", word], {
      signal: stop.signal,
      reject: false,
    });
    onTestFinished(async () => {
      stop.abort();
      await running;
    });
    const processes = pc1.process({ args: word });
    await expect.poll(() => processes.isRunning(), { timeout: 10_000 }).toBe(true);
    const [found] = await pc1.process({ name: "sh", user: pc1.user, args: word }).list();
    expect(found).toMatchObject({
      name: "sh",
      user: pc1.user,
      args: ["sh", "-c", "sleep 600; :", word],
    });
    expect(await pc1.process({ pid: found?.pid ?? 0 }).list()).toMatchObject([
      { args: found?.args },
    ]);
    expect(await pc1.process({ args: word, user: "root" }).list()).toEqual([]);
  });

  test("that have ended are no longer found", async () => {
    expect(await pc1.process("no-such-program").list()).toEqual([]);
  });
});

describe("a port", () => {
  test.each(["127.0.0.1", "::1"])(
    "that is open on %s has a listener there and nowhere else",
    async (host) => {
      const port = await freePort();
      expect(await pc1.port(port).isListening()).toBe(false);
      const tcp = createServer();
      await new Promise<void>((resolve) => tcp.listen(port, host, resolve));
      onTestFinished(() => void tcp.close());
      expect(await pc1.port(port).listeners()).toEqual([{ protocol: "tcp", address: host, port }]);
      expect(await pc1.port(port, { host }).isListening()).toBe(true);
      expect(await pc1.port(port, { host: "127.0.0.9" }).isListening()).toBe(false);
      expect(await pc1.socket(`udp://${port}`).isListening()).toBe(false);
    },
  );

  test("that is open on all addresses is found at each address", async () => {
    const port = await freePort();
    const udp = createSocket("udp4");
    await new Promise<void>((resolve) => udp.bind(port, "0.0.0.0", resolve));
    onTestFinished(() => void udp.close());
    expect(await pc1.socket(`udp://127.0.0.1:${port}`).listeners()).toEqual([
      { protocol: "udp", address: "0.0.0.0", port },
    ]);
    expect(await pc1.port(port, { protocol: "udp", host: "::1" }).isListening()).toBe(false);
  });

  test.each(["80", "tcp://0", "tcp://70000", "unix://run/x", "http://x:80", "tcp://[::1]"])(
    "rejects the specification %j",
    (spec) => {
      expect(() => pc1.socket(spec)).toThrow(
        `${JSON.stringify(spec)} is not a socket specification.`,
      );
    },
  );
});

test("a unix socket needs a listener: a stale socket file is not found", async () => {
  const path = join(rig.server.folder, "app.sock");
  const socket = pc1.socket(`unix://${path}`);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  expect(await socket.listeners()).toEqual([{ protocol: "unix", address: path, port: undefined }]);
  await new Promise((resolve) => server.close(resolve));
  expect(await socket.isListening()).toBe(false);
});

test("a package has the package manager's version; a package that is not installed has none", async () => {
  const found = await pc1.package("coreutils").installed();
  expect(found).toMatchObject({ name: "coreutils", version: expect.stringMatching(/^\d/) });
  expect(await pc1.package("coreutils").version()).toBe(found?.version);
  expect(await pc1.package("no-such-package").isInstalled()).toBe(false);
  await expect(pc1.package("no-such-package").version()).rejects.toThrow(
    "The package no-such-package is not installed on pc1.",
  );
});

test("a mount has source, type and options; a plain folder has no mount", async () => {
  expect(await pc1.mount("/proc").entry()).toMatchObject({
    path: "/proc",
    type: "proc",
    options: expect.arrayContaining(["rw"]),
  });
  expect(await pc1.mount("/usr/bin/..").isMounted()).toBe(false);
});

test("an interface has addresses; a missing interface is undefined", async () => {
  expect(await pc1.interface("lo").status()).toMatchObject({
    name: "lo",
    up: true,
    addresses: expect.arrayContaining(["127.0.0.1/8"]),
  });
  expect(await pc1.interface("none0").exists()).toBe(false);
});

describe("a kernel parameter", () => {
  test("has the kernel's value", async () => {
    expect(await pc1.sysctl("kernel.hostname").value()).toBe(hostname());
    expect(await pc1.sysctl("net/ipv4/ip_forward").value()).toMatch(/^[01]$/);
  });

  test("that does not exist fails with the machine's message", async () => {
    await expect(pc1.sysctl("kernel.no_such").value()).rejects.toMatchObject({
      code: "INSPECTION_FAILED",
      fault: "test",
      summary: expect.stringMatching(
        /^Cannot read sysctl kernel\.no_such on pc1 as \S+: .*no_such.*: No such file or directory\.$/,
      ),
    });
  });
});

test("the error names a program that the machine lacks", async () => {
  await using bare = await startMachine({
    become: (_user, line) => `PATH=/nonexistent /bin/sh -c ${quote(line)}`,
  });
  await expect(bare.pc1.root.service("sshd").status()).rejects.toMatchObject({
    code: "INSPECTION_FAILED",
    summary: "Cannot read service sshd on pc1 as root: it has no systemctl.",
    hint: expect.stringContaining("systemctl"),
  });
});
