import { appendFile, rm, writeFile } from "node:fs/promises";
import { createServer as createHttp, type RequestListener } from "node:http";
import { createServer as createHttps } from "node:https";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { freePort } from "../../ssh/fixtures/free-port.test.kit.ts";
import { Certificates } from "../../redis/fixtures/certificates.ts";
import { echo, startService } from "../../ssh/fixtures/service.test.kit.ts";
import { startMachine, type TestMachine, useMachine } from "../fixtures.test.kit.ts";
import type { Machine } from "../machine.ts";

const WAIT_20S = { timeout: "20s", interval: 20 } as const;

let rig: TestMachine;
let pc1: Machine;
let looks = 0;
useMachine(
  (made) => {
    rig = made;
    ({ pc1 } = rig);
  },
  {
    observer: () => (command) => ({
      ended: () => void (command.query !== undefined && looks++),
      secret: () => {},
    }),
  },
);

/** Waits until a probe has begun and ended. */
async function looked(): Promise<void> {
  const before = looks;
  // The first probe to end may have begun before this call.
  await vi.waitFor(() => expect(looks).toBeGreaterThan(before + 1), {
    timeout: 15_000,
    interval: 5,
  });
}

const serve = async (answer: RequestListener): Promise<number> =>
  (await startService(createHttp(answer))).port;

test("waitForPort resolves with `closed` when nothing listens any more", async () => {
  const { port, stop } = await startService(echo());
  const waiting = pc1.waitForPort(port, { state: "closed", ...WAIT_20S });
  await looked();
  await stop();
  await expect(waiting).resolves.toBeUndefined();
});

test("the timeout for a closed port reports that the port is still open", async () => {
  const { port } = await startService(echo());
  await expect(pc1.waitForPort(port, { state: "closed", timeout: "1s" })).rejects.toThrow(
    `for port ${port} to be closed on pc1; last seen: something still listens on it.`,
  );
});

test("waitForUnixSocket resolves when something accepts connections", async () => {
  const path = join(rig.server.folder, "late.sock");
  const waiting = pc1.waitForUnixSocket(path, WAIT_20S);
  await looked();
  await startService(echo(), { path });
  await expect(waiting).resolves.toBeUndefined();
});

describe("a file", () => {
  test("is awaited until it exists, or no longer exists", async () => {
    const path = join(rig.server.folder, "it's late");
    const coming = pc1.waitForFile(path, WAIT_20S);
    await looked();
    await writeFile(path, "");
    await coming;
    const going = pc1.waitForFile(path, { state: "absent", ...WAIT_20S });
    await looked();
    await rm(path);
    await expect(going).resolves.toBeUndefined();
  });

  test("that does not appear is reported with the first missing folder", async () => {
    const folder = join(rig.server.folder, "none");
    await expect(pc1.waitForFile(`${folder}/deep/file`, { timeout: "1s" })).rejects.toMatchObject({
      code: "WAIT_TIMEOUT",
      message: expect.stringContaining(
        `for ${folder}/deep/file on pc1; last seen: the folder ${folder} does not exist.`,
      ),
    });
    await expect(pc1.waitForFile("none", { timeout: "1s" })).rejects.toThrow(
      "last seen: it is not there.",
    );
  });
});

test("waitUntilFails resolves with the failed run", async () => {
  const flag = join(rig.server.folder, "flag");
  await writeFile(flag, "");
  const waiting = pc1.waitUntilFails(WAIT_20S)`test -e ${flag} || { echo gone >&2; exit 4; }`;
  await looked();
  await rm(flag);
  expect(await waiting).toMatchObject({ exitCode: 4, stderr: "gone", failed: true });
});

test("waitUntilFails does not count a hanging run as a failure", async () => {
  await expect(pc1.waitUntilFails({ timeout: "1s" })`sleep 600`).rejects.toThrow(
    "to fail on pc1; last seen: it was still running at the deadline.",
  );
});

describe("HTTP", () => {
  test("is requested from the machine, without a program there, until the response is as expected", async () => {
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
      ...WAIT_20S,
    });
    expect(found).toMatchObject({
      status: 200,
      body: "GET /health?full 1",
      headers: { "x-asked": "3" },
    });
  });

  test("with another response times out with status and first line", async () => {
    const port = await serve((_, answer) => answer.writeHead(500).end("out of paper\nat line 3"));
    await expect(pc1.waitForHttp(port, { timeout: "1s" })).rejects.toThrow(
      `for GET http://localhost:${port}/ on pc1; last seen: HTTP 500: out of paper.`,
    );
    await expect(
      pc1.waitForHttp(port, { status: 500, body: "paper", method: "POST" }),
    ).resolves.toMatchObject({ status: 500 });
  });

  test("without a response times out with the reason", async () => {
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

  test("is requested over TLS with any certificate", async () => {
    await using certificates = await Certificates.make();
    const [key, cert] = await Promise.all([
      certificates.read("server.key"),
      certificates.read("server.pem"),
    ]);
    const { port } = await startService(
      createHttps({ key, cert }, (_, answer) => answer.end("safe")),
    );
    expect(await pc1.waitForHttp(`https://localhost:${port}/`, WAIT_20S)).toMatchObject({
      status: 200,
      body: "safe",
    });
    expect(await pc1.waitForHttp(`https://127.0.0.1:${port}/`, WAIT_20S)).toMatchObject({
      body: "safe",
    });
    await expect(pc1.waitForHttp(`http://localhost:${port}/`, { timeout: "1s" })).rejects.toThrow(
      "last seen: Error: socket hang up.",
    );
  });

  test.each(["localhost:80", "ftp://x", "/health"])("rejects the target %s", async (target) => {
    await expect(pc1.waitForHttp(target)).rejects.toMatchObject({ code: "COMMAND_INVALID" });
  });
});

describe("a log file", () => {
  const file = (): string =>
    join(rig.server.folder, `${expect.getState().currentTestName?.replaceAll(/\W+/g, "-")}.log`);

  test("resolves with the first matching line, also an earlier one", async () => {
    const log = file();
    await writeFile(log, "one\nready on port 80\nready again\n");
    expect(await pc1.waitForLog(/ready on port (\d+)/g, { file: log })).toBe("ready on port 80");
  });

  test("counts new lines only with `since: now`, also when a line arrives in two parts and the file is truncated", async () => {
    const log = file();
    await writeFile(log, "ready long ago, and much longer than what follows\n");
    const waiting = pc1.waitForLog("ready now", { file: log, since: "now", ...WAIT_20S });
    await looked();
    await writeFile(log, "not rea\nré");
    await looked();
    await appendFile(log, "ady\nrea");
    await looked();
    await appendFile(log, "dy now\n");
    expect(await waiting).toBe("ready now");
  });

  test("without a match times out with its last line, or reports that it has no lines or is missing", async () => {
    const log = file();
    await expect(pc1.waitForLog("ready", { file: log, timeout: "1s" })).rejects.toThrow(
      `for "ready" in ${log} on pc1; last seen: no such file, or ${pc1.user} may not see it.`,
    );
    await writeFile(log, "");
    await expect(pc1.waitForLog("ready", { file: log, timeout: "1s" })).rejects.toThrow(
      "last seen: no line was written.",
    );
    await writeFile(log, "one\nout of paper\n\n");
    await expect(pc1.waitForLog("ready", { file: log, timeout: "1s" })).rejects.toThrow(
      'last seen: its last line is "out of paper".',
    );
  });

  test("rejects a date and a unit", async () => {
    await expect(pc1.waitForLog("x", { file: "x", since: new Date() })).rejects.toMatchObject({
      code: "COMMAND_INVALID",
    });
    await expect(pc1.waitForLog("x", { file: "x", unit: "y" })).rejects.toMatchObject({
      code: "COMMAND_INVALID",
    });
  });
});

test("a wait ends immediately when the machine cannot answer", async () => {
  await using bare = await startMachine({
    become: (_user, line) => `PATH=/nonexistent /bin/sh -c '${line.replaceAll("'", "'\\''")}'`,
  });
  await expect(bare.pc1.root.waitForUnit("sshd")).rejects.toMatchObject({
    code: "INSPECTION_FAILED",
  });
});
