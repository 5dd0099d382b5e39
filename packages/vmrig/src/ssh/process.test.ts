import { afterAll, beforeAll, expect, test } from "vitest";
import { dial, type Connection } from "./connection.ts";
import { startSshd, type TestSshd } from "./fixtures/sshd.test.kit.ts";

let server: TestSshd;
let connection: Connection;
beforeAll(async () => {
  server = await startSshd();
  connection = await dial(server.target, { name: "pc1" });
});
afterAll(async () => {
  await connection?.close();
  await server?.[Symbol.asyncDispose]();
});

test("a command that closes its output and goes on still tells its exit code", async () => {
  const result = await connection.exec("exec >&- 2>&-; sleep 0.5; exit 3", { timeoutMs: 10_000 });
  expect([result.ended, result.exitCode]).toEqual(["exited", 3]);
});
