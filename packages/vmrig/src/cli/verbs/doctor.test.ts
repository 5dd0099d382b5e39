import { describe, expect } from "vitest";
import type { Finding } from "../../driver/finding.ts";
import { pathWith } from "../doctor/examine.test.kit.ts";
import { test } from "../test-cli.test.kit.ts";

describe("the command", () => {
  test("prints one line per check and exits with 0, or with 3 after a failed check", async ({
    cli,
  }) => {
    const complete = await cli.start(["doctor"]);
    expect(complete.exitCode, complete.stdout).toBe(0);
    expect(complete.stdout.trim().split("\n")).toHaveLength(17);
    expect(complete.stdout).toMatch(/^ok {4}Node\.js: \d/);
    const incomplete = await cli.start(["doctor"], { env: await pathWith(cli, "nothing", []) });
    expect(incomplete.exitCode).toBe(3);
    expect(incomplete.stdout).toMatch(/^FAIL {2}Redis: Neither .* — .*VMRIG_REDIS_URL/m);
    expect(incomplete.stdout).toMatch(/^FAIL {2}Terraform: /m);
  });

  test("prints JSON for scripts", async ({ cli }) => {
    const { stdout, stderr } = await cli.start(["doctor", "--json"]);
    expect(stderr).toBe("");
    const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: Finding[] };
    expect(ok).toBe(true);
    expect(findings[0]).toEqual({ what: "Node.js", status: "ok", measured: process.versions.node });
  });
});
