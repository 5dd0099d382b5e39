import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { FaultTarget } from "./fault-target.ts";
import { skewClock } from "./skew-clock.ts";

beforeEach(() => void vi.useFakeTimers({ now: new Date("2020-01-01T00:00:00Z") }));
afterEach(() => void vi.useRealTimers());

test("the clock is skewed from the real time while a test fakes its own", async () => {
  const lines: string[] = [];
  const root = {
    exec: async (_file: string, args: readonly string[]) => {
      lines.push(args.join(" "));
      // As `sh` would: the script prints its mark first.
      const stdout = execFileSync("sh", ["-c", (args[1] ?? "").replaceAll("date -s", ": ")], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
      return { failed: false, stdout, stderr: "" };
    },
  };
  await skewClock({ name: "pc1", address: "10.0.0.1", root } as unknown as FaultTarget, "-1h");
  const [, seconds] = / ?date -s @(\S+) /.exec(lines.join("\n")) ?? [];
  const lag = vi.getRealSystemTime() / 1000 - Number(seconds);
  expect(lag).toBeGreaterThanOrEqual(3_600);
  expect(lag).toBeLessThan(3_660);
});
