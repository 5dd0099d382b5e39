import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "./fixtures/free-port.test.kit.ts";
import { waitFor } from "../wait/wait-for.ts";
import { dial, type DialOptions } from "./dial.ts";
import { startService, talk } from "./fixtures/service.test.kit.ts";
import { startSshd, type TestSshd } from "./fixtures/sshd.test.kit.ts";
import { fingerprint, generateKeyPair } from "./keys.ts";

let server: TestSshd;
beforeAll(async () => {
  server = await startSshd();
});
afterAll(() => server?.[Symbol.asyncDispose]());

test("refuses a wrong host key immediately, names both fingerprints and does not log in", async () => {
  const before = server.logins();
  const { publicKey } = generateKeyPair();
  const print = (key: string): string =>
    fingerprint(Buffer.from(key.split(" ")[1] ?? "", "base64"));
  const dialled = dial({ ...server.target, hostKey: publicKey }, { name: "pc1" });
  await expect(dialled).rejects.toMatchObject({
    code: "HOST_KEY_MISMATCH",
    details: [`expected ${print(publicKey)}`, `got      ${print(server.target.hostKey)}`],
  });
  expect(server.logins()).toBe(before);
});

test("a refused key fails at the first attempt and names user and machine", async () => {
  await using other = await startSshd();
  const { privateKey } = generateKeyPair();
  await expect(dial({ ...other.target, privateKey }, { name: "pc1" })).rejects.toMatchObject({
    code: "LOGIN_REFUSED",
    message: expect.stringContaining(`refused the key of user "${other.target.user}"`),
  });
  expect(other.log().match(/^Connection from /gm)).toHaveLength(1);
});

test("waits for a server that comes up later", async () => {
  const port = await freePort();
  const placeholder = await startService(
    talk((socket) => void socket.destroy()),
    { port },
  );
  const options: DialOptions = { name: "pc1", timeoutMs: 25_000 };
  // The keys of the target are known only when the server runs, so the wait is for the port of a
  // restarted server.
  const first = await startSshd({ port: await freePort() });
  const { target } = first;
  await first[Symbol.asyncDispose]();
  const dialled = dial({ ...target, port }, options);
  dialled.catch(() => {});
  await waitFor({
    what: "a first attempt",
    timeoutMs: 10_000,
    probe: async () => (placeholder.accepted() > 0 ? { value: true } : { seen: "none" }),
  });
  await placeholder.stop();
  await using second = await startSshd({ port });
  // The second server has a new key, so the mismatch shows that the dialler reached it.
  await expect(dialled).rejects.toMatchObject({ code: "HOST_KEY_MISMATCH" });
  await using admitted = await dial(second.target, options);
  expect((await admitted.exec("true")).exitCode).toBe(0);
});

test("a refused connection ends with the measured wait, the address and what was seen", async () => {
  const port = await freePort();
  await expect(
    dial({ ...server.target, port }, { name: "pc1", timeoutMs: 1000 }),
  ).rejects.toMatchObject({
    code: "MACHINE_UNREACHABLE",
    message: expect.stringMatching(
      new RegExp(
        `^Waited \\d+\\.\\d s for SSH at 127\\.0\\.0\\.1:${port} on pc1; last seen: connection refused\\.`,
      ),
    ),
  });
});

test("distinguishes a peer that stays silent from a peer that hangs up", async () => {
  const { port } = await startService(talk(() => {}));
  await expect(dial({ ...server.target, port }, { name: "pc1", timeoutMs: 1500 })).rejects.toThrow(
    "last seen: TCP connected, but no reply from an SSH server",
  );
  const rude = await startService(talk((socket) => void socket.end()));
  await expect(
    dial({ ...server.target, port: rude.port }, { name: "pc1", timeoutMs: 1500 }),
  ).rejects.toThrow("last seen: connection lost before handshake");
});

test("another attempt gets through to a server that lost the first one, which ends then", async () => {
  const ended = Promise.withResolvers<void>();
  let silent = false;
  let silentAtSecond = false;
  const flaky = await startService(
    talk((socket) => {
      if (flaky.accepted() === 0) {
        silent = true;
        socket.resume().once("end", () => {
          silent = false;
          ended.resolve();
        });
        return;
      }
      silentAtSecond = silent;
      const { host, port } = server.target;
      socket.pipe(connect({ host, port })).pipe(socket);
    }),
  );
  await using login = await dial({ ...server.target, port: flaky.port }, { name: "pc1" });
  expect((await login.exec("true")).exitCode).toBe(0);
  expect(silentAtSecond).toBe(true);
  await ended.promise;
  expect(flaky.accepted()).toBe(2);
});

test("dialling can be aborted, and rejects with the reason", async () => {
  const reason = new Error("lease lost");
  const abort = new AbortController();
  const dialled = dial(
    { ...server.target, port: await freePort() },
    { name: "pc1", signal: abort.signal },
  );
  abort.abort(reason);
  await expect(dialled).rejects.toBe(reason);
});
