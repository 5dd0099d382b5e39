import { connect, createServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { startService } from "../ssh/fixtures/service.test.kit.ts";
import { startMachine } from "./fixtures.test.kit.ts";

describe("the connection", () => {
  test("is opened by the first command, once for many", async () => {
    await using fresh = await startMachine();
    expect(fresh.dials()).toBe(0);
    const results = await Promise.all(
      Array.from({ length: 30 }, (_, index) => fresh.pc1.$`echo ${index}`),
    );
    expect(results.map(({ stdout }) => Number(stdout))).toEqual(
      Array.from({ length: 30 }, (_, index) => index),
    );
    expect([fresh.dials(), fresh.server.logins()]).toEqual([1, 1]);
  });

  test("is not used while a test fakes process.nextTick, and the error names the remedy", async () => {
    await using fresh = await startMachine();
    const { nextTick } = process;
    onTestFinished(() => void (process.nextTick = nextTick));
    // Marked as @sinonjs/fake-timers marks its own. A real fake would stop this test's SSH server.
    process.nextTick = Object.assign(nextTick.bind(process), { clock: {} });
    await expect(fresh.pc1.$`true`).rejects.toMatchObject({
      code: "NEXT_TICK_FAKED",
      hint: expect.stringContaining('leave "nextTick" out of `toFake`'),
    });
    process.nextTick = nextTick;
    expect((await fresh.pc1.$`echo fine`).stdout).toBe("fine");
  });

  test("is opened again after a loss; the interrupted command throws, also with `reject: false`", async () => {
    await using fresh = await startMachine();
    await expect(fresh.pc1.$({ reject: false })`kill -KILL $PPID; sleep 600`).rejects.toMatchObject(
      {
        code: "CONNECTION_LOST",
        fault: "infra",
      },
    );
    expect((await fresh.pc1.$`echo back`).stdout).toBe("back");
    expect(fresh.dials()).toBe(2);
  });

  test("that turns out dead before a command is sent is replaced transparently", async () => {
    // As after a rollback: the machine no longer knows the connection and answers the next packet
    // with a reset.
    let forget = (): void => {};
    await using fresh = await startMachine({
      port: async ({ target }) => {
        const proxy = await startService(
          createServer((client) => {
            const upstream = connect(target.port, "127.0.0.1");
            let forgotten = false;
            forget = () => {
              forgotten = true;
              upstream.destroy();
            };
            client.on("data", (chunk) =>
              forgotten ? client.resetAndDestroy() : upstream.write(chunk),
            );
            upstream.on("data", (chunk) => client.write(chunk));
            upstream.on("close", () => forgotten || client.destroy());
            client.on("close", () => upstream.destroy());
            upstream.on("error", () => {});
          }),
        );
        return proxy.port;
      },
    });
    await fresh.pc1.$`true`;
    forget();
    expect((await fresh.pc1.$`echo again`).stdout).toBe("again");
    expect(fresh.dials()).toBe(2);
  });

  test("is attempted again by the next command after a failed attempt", async () => {
    let attempts = 0;
    await using fresh = await startMachine({
      connect: async () => {
        attempts += 1;
        throw new Error(`attempt ${attempts}`);
      },
    });
    await expect(Promise.all([fresh.pc1.$`true`, fresh.pc1.$`true`])).rejects.toThrow("attempt 1");
    await expect(fresh.pc1.$`true`).rejects.toThrow("attempt 2");
  });
});
