import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough, Readable, Writable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { waitFor } from "../wait/wait-for.ts";
import { dial } from "./dial.ts";
import type { SshConnection } from "./ssh-connection.ts";
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

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Resolves when the process has ended on the machine. */
function gone(pid: string): Promise<true> {
  return waitFor({
    what: `the end of process ${pid}`,
    timeoutMs: 15_000,
    probe: async () =>
      (await connection.exec(`kill -0 ${pid}`)).exitCode === 0
        ? { seen: "alive" }
        : { value: true },
  });
}

/** Returns the content of a file in the server's folder after a command has written it. */
function written(file: string): Promise<string> {
  return waitFor({
    what: file,
    timeoutMs: 15_000,
    intervalMs: 20,
    probe: async () => {
      const content = await readFile(join(server.folder, file), "utf8").catch(() => "");
      return content.endsWith("\n") ? { value: content.trim() } : { seen: "not there" };
    },
  });
}

test("separates stdout, stderr and exit code", async () => {
  const result = await connection.exec("echo out; echo err >&2; exit 3");
  expect([text(result.stdout), text(result.stderr), result.exitCode, result.signal]).toEqual([
    "out\n",
    "err\n",
    3,
    undefined,
  ]);
  expect(result.ended).toBe("exited");
});

test("closes a connection whose peer hangs", async () => {
  const other = await dial(server.target, { name: "pc1" });
  // The process that serves this connection.
  const stuck = other.exec(
    `kill -STOP $PPID; echo $PPID >${join(server.folder, "hung")}; sleep 600`,
  );
  const hung = await written("hung");
  const [, lost] = await Promise.all([other.close(), stuck.catch((error: unknown) => error)]);
  expect(lost).toMatchObject({ code: "CONNECTION_LOST" });
  expect(other.closed.aborted).toBe(true);
  await connection.exec(`kill -KILL ${hung}`);
});

test("distinguishes an exit by signal from an exit code of 128 + n", async () => {
  const killed = await connection.exec("kill -KILL $$");
  expect([killed.exitCode, killed.signal, killed.ended]).toEqual([undefined, "SIGKILL", "exited"]);
  const exited = await connection.exec("exit 137");
  expect([exited.exitCode, exited.signal]).toEqual([137, undefined]);
});

test("passes 1 MiB of stdin and 8 MiB of stdout of random bytes", async () => {
  const input = randomBytes(1024 * 1024);
  const digest = await connection.exec("sha256sum", { input });
  expect(text(digest.stdout)).toContain(hash(input));
  const result = await connection.exec("cat; cat -- /dev/stdin; i=0; head -c 7340032 /dev/zero", {
    input,
  });
  expect(result.stdout.length).toBe(8 * 1024 * 1024);
  expect(hash(result.stdout)).toBe(hash(Buffer.concat([input, Buffer.alloc(7 * 1024 * 1024)])));
});

test("passes streams on as data arrives, leaves them open, and keeps nothing in the result", async () => {
  const [input, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const running = connection.exec(
    "read line; echo got $line; read line; echo then $line >&2; exit 5",
    {
      input,
      output: { stdout, stderr },
    },
  );
  input.write("one\n");
  const [first] = (await once(stdout, "data")) as [Buffer];
  expect(text(first)).toBe("got one\n");
  input.write("two\n");
  const [second] = (await once(stderr, "data")) as [Buffer];
  expect(text(second)).toBe("then two\n");
  const result = await running;
  expect([text(result.stdout), text(result.stderr), result.exitCode]).toEqual(["", "", 5]);
  expect([input.destroyed, stdout.writableEnded, stderr.writableEnded]).toEqual([
    false,
    false,
    false,
  ]);
});

test("streams carry 8 MiB to a slow reader", async () => {
  const sent = randomBytes(8 * 1024 * 1024);
  const received = createHash("sha256");
  const slow = new Writable({
    highWaterMark: 1024,
    write: (chunk: Buffer, _, done) => void setImmediate(() => done(void received.update(chunk))),
  });
  await connection.exec("cat", {
    input: Readable.from([sent]),
    output: { stdout: slow, stderr: new PassThrough() },
  });
  await waitFor({
    what: "all of it",
    timeoutMs: 10_000,
    probe: async () =>
      slow.writableLength === 0 ? { value: true } : { seen: slow.writableLength.toString() },
  });
  expect(received.digest("hex")).toBe(hash(sent));
});

test("chunks arrive unchanged, also with sizes just above or below a packet", async () => {
  const sizes = Array.from({ length: 40 }, (_, index) =>
    [16_384, 32_768, 65_536].map((size) => size - 20 + index),
  ).flat();
  const sent = sizes.map((size) => randomBytes(size));
  const { stdout } = await connection.exec("cat", { input: Readable.from(sent) });
  expect(hash(stdout)).toBe(hash(Buffer.concat(sent)));
});

test("continues while the server requests new keys repeatedly", async () => {
  await using strict = await startSshd({ config: "RekeyLimit 1M\n" });
  await using other = await dial(strict.target, { name: "pc1" });
  const bytes = randomBytes(8 * 1024 * 1024);
  for (let round = 0; round < 2; round++) {
    const { stdout } = await other.exec("cat", { input: bytes });
    expect(hash(stdout)).toBe(hash(bytes));
    expect(text((await other.exec("echo and after that")).stdout)).toBe("and after that\n");
  }
});

test("a command that does not read its input ends normally", async () => {
  const result = await connection.exec("exit 4", { input: randomBytes(4 * 1024 * 1024) });
  expect(result.exitCode).toBe(4);
});

test("a command without input reads the end of stdin immediately", async () => {
  expect(text((await connection.exec("cat; echo done")).stdout)).toBe("done\n");
});

for (const input of [undefined, "some input"]) {
  test(`a timeout kills the whole process group and keeps the output so far (${input ?? "no input"})`, async () => {
    const result = await connection.exec("echo before; sleep 600 & echo $!; wait", {
      timeoutMs: 3000,
      ...(input === undefined ? {} : { input }),
    });
    expect([result.ended, result.signal, result.lingered]).toEqual(["timed-out", "SIGKILL", false]);
    const [before, sleeper = ""] = text(result.stdout).split("\n");
    expect(before).toBe("before");
    expect(await gone(sleeper)).toBe(true);
  });
}

test("an abort kills the whole process group", async () => {
  const abort = new AbortController();
  const running = connection.exec(`sleep 600 & echo $! >${server.folder}/aborted; wait`, {
    signal: abort.signal,
  });
  const sleeper = await written("aborted");
  abort.abort(new Error("enough"));
  expect((await running).ended).toBe("aborted");
  expect(await gone(sleeper)).toBe(true);
});

test("an abort right after the start, when sshd may not have created the process group yet, still ends the command", async () => {
  for (let round = 0; round < 20; round += 1) {
    const abort = new AbortController();
    const running = connection.exec("exec sleep 600", { signal: abort.signal });
    setImmediate(() => abort.abort());
    const result = await running;
    expect([result.ended, result.signal]).toEqual(["aborted", "SIGKILL"]);
  }
});

test("an abort before the start sends nothing", async () => {
  const reason = new Error("too late");
  await expect(
    connection.exec(`touch ${server.folder}/never`, { signal: AbortSignal.abort(reason) }),
  ).rejects.toBe(reason);
  expect((await connection.exec(`ls ${server.folder}/never`)).exitCode).not.toBe(0);
});

test("a timeout reports when a process left behind by the command kept the output open", async () => {
  const result = await connection.exec("sleep 600 & echo $!", { timeoutMs: 3000 });
  expect([result.ended, result.exitCode, result.lingered]).toEqual(["timed-out", 0, true]);
  await connection.exec(`kill ${text(result.stdout)}`);
});

test("runs many commands at a time over one login, within the server's limit", async () => {
  const before = server.logins();
  const results = await Promise.all(
    Array.from({ length: 40 }, (_, index) => connection.exec(`sleep 0.05; echo ${index}`)),
  );
  expect(results.map(({ stdout }) => Number(text(stdout)))).toEqual(
    Array.from({ length: 40 }, (_, index) => index),
  );
  expect(server.logins()).toBe(before);
});

test("reports that the server opens no further session, and the connection stays usable", async () => {
  await using strict = await startSshd({ maxSessions: 2 });
  await using greedy = await dial(strict.target, { name: "pc9", maxSessions: 3 });
  const go = join(strict.folder, "go");
  const held = [1, 2].map((turn) =>
    greedy.exec(`touch ${strict.folder}/${turn}; until [ -e ${go} ]; do sleep 0.02; done`),
  );
  await waitFor({
    what: "two sessions",
    timeoutMs: 15_000,
    intervalMs: 20,
    probe: async () =>
      (
        await Promise.all(
          ["1", "2"].map((file) =>
            readFile(join(strict.folder, file)).then(
              () => true,
              () => false,
            ),
          ),
        )
      ).every(Boolean)
        ? { value: true }
        : { seen: "fewer" },
  });
  await expect(greedy.exec("true")).rejects.toMatchObject({
    code: "MACHINE_UNREACHABLE",
    message: expect.stringMatching(/s for a free SSH session on pc9; last seen: .*open failure/),
  });
  await writeFile(go, "");
  expect((await Promise.all(held)).map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  expect((await greedy.exec("exit 5")).exitCode).toBe(5);
});

test("a command rejects when its connection dies, and `closed` aborts", async () => {
  const doomed = await dial(server.target, { name: "pc1" });
  const bystander = doomed.exec(`echo $$ >${server.folder}/bystander; exec sleep 600`);
  bystander.catch(() => {});
  await written("bystander");
  await expect(doomed.exec("kill -KILL $PPID; sleep 600")).rejects.toMatchObject({
    code: "CONNECTION_LOST",
    started: true,
  });
  await expect(bystander).rejects.toMatchObject({
    code: "CONNECTION_LOST",
    message: expect.stringContaining("The SSH connection to pc1 was lost"),
  });
  expect(doomed.closed.aborted).toBe(true);
  await expect(doomed.exec("true")).rejects.toMatchObject({
    code: "CONNECTION_LOST",
    started: false,
  });
  const orphan = await written("bystander");
  await connection.exec(`kill -KILL ${orphan}`);
  expect(await gone(orphan)).toBe(true);
});

test("closing ends the connection, also when called twice", async () => {
  const other = await dial(server.target, { name: "pc1" });
  await Promise.all([other.close(), other.close()]);
  expect(other.closed.reason).toMatchObject({
    code: "CONNECTION_LOST",
    message: "The SSH connection to pc1 was closed.",
  });
});
