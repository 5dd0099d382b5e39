import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock, type Clock } from "../clock/clock.ts";
import { dial } from "./dial.ts";
import type { SshConnection } from "./ssh-connection.ts";
import { startSilentServer } from "./fixtures/silent-server.test.kit.ts";
import { startSshd, type TestSshd } from "./fixtures/sshd.test.kit.ts";

let server: TestSshd;
let connection: SshConnection;
beforeAll(async () => {
  server = await startSshd();
  connection = await dial(server.target, { name: "pc1" });
});
afterAll(async () => {
  await connection?.close();
  await server?.[Symbol.asyncDispose]();
});

test("reports the exit code of a command that closes its output and continues", async () => {
  const result = await connection.exec("exec >&- 2>&-; sleep 0.5; exit 3", { timeoutMs: 20_000 });
  expect([result.ended, result.exitCode]).toEqual(["exited", 3]);
});

/** Runs twenty times as fast. */
const FAST: Clock = {
  wall: () => systemClock.wall(),
  monotonic: () => systemClock.monotonic() * 20,
  sleep: (ms, signal) => systemClock.sleep(ms / 20, signal),
};

test("reports a server that does not reply to a session request", async () => {
  await using silent = await startSilentServer();
  const hung = await dial(silent.target, { name: "pc1", clock: FAST, timeoutMs: 400_000 });
  const ticks = hung.exec("tick");
  await expect(hung.exec("true")).rejects.toMatchObject({
    code: "MACHINE_UNREACHABLE",
    summary: "The SSH server of pc1 did not answer the request for a session within 30 s.",
  });
  expect(hung.closed.aborted).toBe(false);
  hung.hangUp();
  await expect(ticks).rejects.toMatchObject({ code: "CONNECTION_LOST" });
});

test("gives up a connection on which nothing arrives, because the machine may have rebooted", async () => {
  await using hung = await dial(server.target, { name: "pc1", clock: FAST, timeoutMs: 400_000 });
  const { stdout } = await hung.exec("echo $PPID");
  await connection.exec(`kill -STOP ${String(stdout)}`);
  await expect(hung.exec("true")).rejects.toMatchObject({
    code: "CONNECTION_LOST",
    started: false,
    summary: "The SSH connection to pc1 broke: nothing arrived for 30 s.",
  });
  expect(hung.closed.aborted).toBe(true);
  await connection.exec(`kill -CONT ${String(stdout)}`);
});

test("a timeout or a cancellation ends the wait for a session, and the session when it opens", async () => {
  const hung = await dial(server.target, { name: "pc1" });
  const { stdout } = await hung.exec("echo $PPID");
  await connection.exec(`kill -STOP ${String(stdout)}`);
  expect(await hung.exec("true", { timeoutMs: 2000 })).toMatchObject({
    ended: "timed-out",
    stdout: Buffer.alloc(0),
  });
  const abort = new AbortController();
  const waiting = hung.exec("true", { signal: abort.signal });
  setImmediate(() => abort.abort());
  expect(await waiting).toMatchObject({ ended: "aborted" });
  await connection.exec(`kill -CONT ${String(stdout)}`);
  // Sessions of aborted commands are closed when they open.
  const ten = await Promise.all(Array.from({ length: 10 }, () => hung.exec("exit 5")));
  expect(ten.map(({ exitCode }) => exitCode)).toEqual(ten.map(() => 5));
  await hung.close();
});

test("reports a server that does not provide a terminal", async () => {
  await using strict = await startSshd({ config: "PermitTTY no\n" });
  await using plain = await dial(strict.target, { name: "pc1" });
  const pty = { columns: 80, rows: 24, term: "vt100" };
  await expect(plain.run("true", { pty, attend: () => {} })).rejects.toMatchObject({
    code: "CAPABILITY_MISSING",
  });
  expect((await plain.exec("exit 5")).exitCode).toBe(5);
});
