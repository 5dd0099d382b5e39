import { expect, test } from "vitest";
import { runChaos } from "../suite.ts";

/**
 * A small part of `npm run test:chaos -- --cloud`. It takes as long as the creation of a server and
 * so many rollbacks.
 */
const SIZE = { grants: 6, faults: 4 };

test(
  "no fault of a process, Redis, the API or a server breaks a promise or leaves anything in the project",
  { timeout: 900_000 },
  async () => {
    const said: string[] = [];
    const report = await runChaos({
      ...SIZE,
      seed: 16,
      machines: "cloud",
      copies: 1,
      crowd: 2,
      ttlMs: 8_000,
      // Those that cost no boot.
      kinds: ["gate-kill", "gate-pause", "redis-kill", "api-unavailable", "api-replies-lost"],
      say: (line) => said.push(line),
    });
    expect(said.filter((line) => /^(violation|leftover)/.test(line))).toEqual([]);
    expect(report).toMatchObject({ violations: 0, leftovers: 0, cloud: { created: 1 } });
    expect(report.grants).toBeGreaterThanOrEqual(SIZE.grants);
    expect(report.faults).toBeGreaterThanOrEqual(SIZE.faults);
  },
);
