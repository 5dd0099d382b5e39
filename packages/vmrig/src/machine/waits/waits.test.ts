import { appendFile, rm, writeFile } from "node:fs/promises";
import { createServer as createHttp, type RequestListener } from "node:http";
import { createServer as createHttps } from "node:https";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Certificates } from "../../redis/fixtures/certificates.ts";
import { freePort } from "../../ssh/fixtures/sshd.test.kit.ts";
import { startMachine, type TestMachine, useMachine } from "../fixtures.test.kit.ts";
import type { Machine } from "../machine.ts";

const PATIENT = { timeout: "20s", interval: 20 } as const;

let rig: TestMachine;
let pc1: Machine;
useMachine((made) => {
  rig = made;
  ({ pc1 } = rig);
});

/** Looks have been taken by now: commands are begun in the order in which they are sent. */
const looked = (): Promise<unknown> => Promise.all([pc1.$`true`, pc1.$`true`]);

async function listen(port: number): Promise<() => Promise<void>> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return () => new Promise((resolve) => server.close(() => resolve()));
}

async function serve(answer: RequestListener): Promise<number> {
  const port = await freePort();
  const server = createHttp(answer);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return port;
}

test("a port is closed when nothing listens on it any more", async () => {
  const port = await freePort();
  const close = await listen(port);
  const waiting = pc1.waitForPort(port, { state: "closed", ...PATIENT });
  await looked();
  await close();
  await expect(waiting).resolves.toBeUndefined();
});

test("a port that stays open says so", async () => {
  const port = await freePort();
  const close = await listen(port);
  onTestFinished(close);
  await expect(pc1.waitForPort(port, { state: "closed", timeout: "1s" })).rejects.toThrow(
    `for port ${port} to be closed on pc1; last seen: something still listens on it.`,
  );
});

test("a unix socket is there when something accepts connections", async () => {
  const path = join(rig.server.folder, "late.sock");
  const waiting = pc1.waitForUnixSocket(path, PATIENT);
  await looked();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
  await expect(waiting).resolves.toBeUndefined();
});

describe("a file", () => {
  test("is waited for until it is there, or gone", async () => {
    const path = join(rig.server.folder, "it's late");
    const coming = pc1.waitForFile(path, PATIENT);
    await looked();
    await writeFile(path, "");
    await coming;
    const going = pc1.waitForFile(path, { state: "absent", ...PATIENT });
    await looked();
    await rm(path);
    await expect(going).resolves.toBeUndefined();
  });

  test("that does not come is told with the first folder that is missing", async () => {
    const folder = join(rig.server.folder, "none");
    await expect(pc1.waitForFile(`${folder}/deep/file`, { timeout: "1s" })).rejects.toMatchObject({
      code: "WAIT_TIMEOUT",
      message: expect.stringContaining(
        `for ${folder}/deep/file on pc1; last seen: not even ${folder} is there.`,
      ),
    });
    await expect(pc1.waitForFile("none", { timeout: "1s" })).rejects.toThrow(
      "last seen: it is not there.",
    );
  });
});

test("waitUntilFails answers with the run that failed", async () => {
  const flag = join(rig.server.folder, "flag");
  await writeFile(flag, "");
  const waiting = pc1.waitUntilFails(PATIENT)`test -e ${flag} || { echo gone >&2; exit 4; }`;
  await looked();
  await rm(flag);
  expect(await waiting).toMatchObject({ exitCode: 4, stderr: "gone", failed: true });
});

test("waitUntilFails does not take a run that hangs for one that fails", async () => {
  await expect(pc1.waitUntilFails({ timeout: "1s" })`sleep 600`).rejects.toThrow(
    "to fail on pc1; last seen: it was still running at the deadline.",
  );
});

describe("HTTP", () => {
  test("is asked from the machine, without a program there, until the answer is as wanted", async () => {
    let asked = 0;
    const port = await serve(({ url, headers, method }, answer) => {
      asked += 1;
      answer
        .writeHead(asked < 3 ? 503 : 200, { "x-asked": String(asked) })
        .end(asked < 3 ? "warming up\n" : `${method} ${url} ${String(headers["x-key"])}`);
    });
    const found = await pc1.waitForHttp(`http://localhost:${port}/health?full`, {
      headers: { "x-key": "1" },
      body: /health/,
      ...PATIENT,
    });
    expect(found).toMatchObject({
      status: 200,
      body: "GET /health?full 1",
      headers: { "x-asked": "3" },
    });
  });

  test("that answers something else ends with status and first line", async () => {
    const port = await serve((_, answer) => answer.writeHead(500).end("out of paper\nat line 3"));
    await expect(pc1.waitForHttp(port, { timeout: "1s" })).rejects.toThrow(
      `for GET http://localhost:${port}/ on pc1; last seen: HTTP 500: out of paper.`,
    );
    await expect(
      pc1.waitForHttp(port, { status: 500, body: "paper", method: "POST" }),
    ).resolves.toMatchObject({ status: 500 });
  });

  test("that nobody answers ends with why", async () => {
    await expect(pc1.waitForHttp(await freePort(), { timeout: "1s" })).rejects.toThrow(
      "last seen: connection refused.",
    );
    const port = await serve((_, answer) => answer.destroy());
    await expect(pc1.waitForHttp(port, { timeout: "1s" })).rejects.toThrow(
      "last seen: Error: socket hang up.",
    );
    const silent = await serve(() => {});
    await expect(pc1.waitForHttp(silent, { timeout: "1s" })).rejects.toThrow(
      "last seen: no answer.",
    );
  });

  test("is asked over TLS, whoever signed the certificate", async () => {
    await using certificates = await Certificates.make();
    const [key, cert] = await Promise.all([
      certificates.read("server.key"),
      certificates.read("server.pem"),
    ]);
    const server = createHttps({ key, cert }, (_, answer) => answer.end("safe"));
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    expect(await pc1.waitForHttp(`https://localhost:${port}/`, PATIENT)).toMatchObject({
      status: 200,
      body: "safe",
    });
    expect(await pc1.waitForHttp(`https://127.0.0.1:${port}/`, PATIENT)).toMatchObject({
      body: "safe",
    });
    await expect(pc1.waitForHttp(`http://localhost:${port}/`, { timeout: "1s" })).rejects.toThrow(
      "last seen: Error: socket hang up.",
    );
  });

  test.each(["localhost:80", "ftp://x", "/health"])("is not asked at %s", async (target) => {
    await expect(pc1.waitForHttp(target)).rejects.toMatchObject({ code: "COMMAND_INVALID" });
  });
});

describe("a log file", () => {
  const file = (): string =>
    join(rig.server.folder, `${expect.getState().currentTestName?.replaceAll(/\W+/g, "-")}.log`);

  test("gives the first line that matches, also when it came before", async () => {
    const log = file();
    await writeFile(log, "one\nready on port 80\nready again\n");
    expect(await pc1.waitForLog(/ready on port (\d+)/g, { file: log })).toBe("ready on port 80");
  });

  test("counts from now on when asked, also when a line comes in two pieces and the file is begun anew", async () => {
    const log = file();
    await writeFile(log, "ready long ago, and much longer than what follows\n");
    const waiting = pc1.waitForLog("ready now", { file: log, since: "now", ...PATIENT });
    await looked();
    await writeFile(log, "not rea\nré");
    await looked();
    await appendFile(log, "ady\nrea");
    await looked();
    await appendFile(log, "dy now\n");
    expect(await waiting).toBe("ready now");
  });

  test("that says something else ends with its last line; an empty one and a missing one say so", async () => {
    const log = file();
    await expect(pc1.waitForLog("ready", { file: log, timeout: "1s" })).rejects.toThrow(
      `for "ready" in ${log} on pc1; last seen: no such file that ${pc1.user} may see.`,
    );
    await writeFile(log, "");
    await expect(pc1.waitForLog("ready", { file: log, timeout: "1s" })).rejects.toThrow(
      "last seen: nothing was written.",
    );
    await writeFile(log, "one\nout of paper\n\n");
    await expect(pc1.waitForLog("ready", { file: log, timeout: "1s" })).rejects.toThrow(
      'last seen: its last line is "out of paper".',
    );
  });

  test("has no times, and no unit", async () => {
    await expect(pc1.waitForLog("x", { file: "x", since: new Date() })).rejects.toMatchObject({
      code: "COMMAND_INVALID",
    });
    await expect(pc1.waitForLog("x", { file: "x", unit: "y" })).rejects.toMatchObject({
      code: "COMMAND_INVALID",
    });
  });
});

test("a machine that cannot tell ends a wait at once", async () => {
  await using bare = await startMachine({
    become: (_user, line) => `PATH=/nonexistent /bin/sh -c '${line.replaceAll("'", "'\\''")}'`,
  });
  await expect(bare.pc1.root.waitForUnit("sshd")).rejects.toMatchObject({
    code: "INSPECTION_FAILED",
  });
});
