import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { withDeadline } from "./with-deadline.ts";

test("the signal aborts at the deadline, and the work decides what that means", async () => {
  const outcome = withDeadline({ timeoutMs: 20 }, async (signal) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    signal.addEventListener("abort", () => resolve(String(signal.reason)));
    return await promise;
  });
  expect(await outcome).toBe("Error: no answer within 0.02 s");
});

test("a deadline that was not reached does not keep the process alive", () => {
  const module = new URL("with-deadline.ts", import.meta.url).href;
  const source = `
    import { withDeadline } from ${JSON.stringify(module)};
    await withDeadline({ timeoutMs: 600_000 }, async (signal) => AbortSignal.any([signal]));`;
  const ended = spawnSync(process.execPath, ["--input-type=module", "-e", source], {
    timeout: 60_000,
  });
  expect([ended.status, ended.stderr.toString()]).toEqual([0, ""]);
});
