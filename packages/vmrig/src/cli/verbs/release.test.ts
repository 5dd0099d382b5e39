import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { GateClient } from "../../protocol/gate-client.ts";
import type { ClaimSession } from "../../worker/claim-session.ts";
import { claimMachines } from "../../worker/claim-machines.ts";
import { localClient } from "../../gate/local-client.ts";
import { configOf, test, type TestCli, type Run } from "../test-cli.test.kit.ts";

/** Runs a test file that leaves a file behind and fails, in a run that retains failed copies. */
async function failedRun(cli: TestCli): Promise<Run> {
  const run = cli.run("alice", { keep: "failed", keepFor: "10m" });
  const client: GateClient = localClient(run.gate);
  const claim: ClaimSession = await claimMachines(client, "file");
  await claim.machines["pc1"]?.exec("sh", ["-c", "echo evidence > left"]);
  await claim.release(true);
  await run.says(/^retained pcs-1: stays as the failed tests left it until/);
  await run.gate.close();
  return run;
}

describe("machines retained after a failed run", () => {
  test("ssh and exec use them without a rollback, and print the end of the retention", async ({
    cli,
  }) => {
    await failedRun(cli);
    const exec = await cli.start(["exec", "pc1", "--", "cat", "left"]);
    expect({ exitCode: exec.exitCode, stdout: exec.stdout }, exec.stderr).toEqual({
      exitCode: 0,
      stdout: "evidence\n",
    });
    expect(exec.stderr).toMatch(
      /^exec {5}pc1: pcs-1 as it is after a failed run, retained for you until \d\d:\d\d; not rolled back \(use --fresh for a rolled-back copy\)$/m,
    );
    const ssh = await cli.start(["ssh", "pc1", "--", "cat left"]);
    expect({ exitCode: ssh.exitCode, stdout: ssh.stdout }, ssh.stderr).toEqual({
      exitCode: 0,
      stdout: "evidence\n",
    });
    expect(ssh.stderr).not.toMatch(/lease|rollback/);
  });

  test("status shows them as retained for this user", async ({ cli }) => {
    expect((await cli.start(["status"])).stdout).toMatch(
      /^pcs-1 {4}retained by alice@laptop after a failed run until \d\d:\d\d, for another \d+ min: log in with `vmrig ssh`/m,
    );
  });

  test("another run waits, prints the reason and the end, and gets them as soon as they are released", async ({
    cli,
  }) => {
    const bob = cli.run("bob");
    const claim = bob.gate.claim("file");
    expect(await bob.says(/^wait/)).toMatch(
      /^wait {5}pcs-1 is retained by alice@laptop after a failed run for another .* min \(until \d\d:\d\d\); you are next$/,
    );
    const { exitCode, stdout } = await cli.start(["release"]);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: "released pcs-1: it was retained for you\n",
    });
    await claim;
    await bob.gate.close();
    expect(await cli.start(["release"])).toMatchObject({
      exitCode: 0,
      stdout: "nothing  no copy of pcs is retained for you\n",
    });
  });

  test("once they are no longer retained, ssh says so and uses them at their baseline", async ({
    cli,
  }) => {
    await failedRun(cli);
    await cli.deleteLocks("pcs");
    const { exitCode, stdout, stderr } = await cli.start(["ssh", "pc1", "--", "ls"]);
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 0, stdout: "" });
    expect(stderr).toMatch(
      /^retained pcs-1: no longer retained, its time \(until \d\d:\d\d\) is over, or someone released it by force$/m,
    );
    expect(stderr).toMatch(/^ssh {6}pc1: pcs-1 is held until you leave$/m);
  });

  test("--fresh does not touch them and waits for a copy at its baseline", async ({ cli }) => {
    await failedRun(cli);
    await writeFile(
      join(cli.project, "impatient.config.mjs"),
      configOf(["pc1", "pc2"], 'lease: { onBusy: "fail" }'),
    );
    const { exitCode, stderr } = await cli.start([
      "exec",
      "--config",
      "impatient.config.mjs",
      "--fresh",
      "pc1",
      "--",
      "true",
    ]);
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/retained by alice@laptop after a failed run/);
    expect((await cli.start(["exec", "pc1", "--", "cat", "left"])).stdout).toBe("evidence\n");
  });

  test("release --force releases them too, and names their holder", async ({ cli }) => {
    const { exitCode, stdout } = await cli.start(["release", "--force"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^released pcs-1: it was retained by alice@laptop after a failed run for another .* min \(until \d\d:\d\d\)\n$/,
    );
  });
});

describe("release --force", () => {
  test("ends the lease of a run, whose error names the user; the next in the queue gets the machines", async ({
    cli,
  }) => {
    const alice = cli.run("alice", { lease: { ttl: "3s" } });
    const lost = alice.gate.lost((await alice.gate.claim("file")).claim);
    const bob = cli.run("bob");
    const claim = bob.gate.claim("file");
    await bob.says(/^wait .* you are next/);
    const { exitCode, stdout } = await cli.start(["release", "--force"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^released pcs-1: it was held by alice@laptop \(vitest run\) for .* s\n$/,
    );
    await claim;
    expect.assertions(7);
    expect(
      lost.aborted ||
        (await new Promise((resolve) => lost.addEventListener("abort", () => resolve(true)))),
    ).toBe(true);
    expect(lost.reason).toMatchObject({
      code: "LEASE_LOST",
      message: expect.stringContaining("released by force by ") as unknown,
    });
    expect(lost.reason).toMatchObject({
      message: expect.stringContaining("(vmrig release --force)") as unknown,
    });
    await expect(alice.gate.claim("file")).rejects.toMatchObject({ code: "LEASE_LOST" });
    await bob.gate.close();
    expect((await cli.start(["release", "--force"])).stdout).toBe("nothing  no lease on pcs-1\n");
  });

  test("with several holders requires --copy, and ends only that lease", async ({ cli }) => {
    await writeFile(
      join(cli.project, "two.config.mjs"),
      configOf(["pc1"], "copies: 2").replace('"pcs"', '"two"'),
    );
    const config = { name: "two", copies: 2, machines: { pc1: {} } };
    const [alice, bob] = [cli.run("alice", config), cli.run("bob", config)];
    const [aliceClaim, bobClaim] = [await alice.gate.claim("file"), await bob.gate.claim("file")];
    const ambiguous = await cli.start(["release", "--force", "--config", "two.config.mjs"]);
    expect(ambiguous.exitCode).toBe(2);
    expect(ambiguous.stderr).toMatch(
      /^2 holders have copies of rig "two": name the copy to release\.\n {2}two-1: held by .*\n {2}two-2: held by .*\n/,
    );
    const named = await cli.start([
      "release",
      "--force",
      "--copy",
      bobClaim.copy,
      "--config",
      "two.config.mjs",
    ]);
    expect(named.stdout).toMatch(
      new RegExp(`^released ${bobClaim.copy}: it was held by bob@laptop`),
    );
    expect(alice.gate.lost(aliceClaim.claim).aborted).toBe(false);
    await Promise.all([alice, bob].map(({ gate }) => gate.close()));
  });
});

test.for(["ssh pc1", "logs", "release --force"])(
  "%s rejects an unknown copy and lists the known ones",
  async (words, { cli }) => {
    const { exitCode, stderr } = await cli.start([
      ...words.split(" "),
      "--config",
      "two.config.mjs",
      "--copy",
      "two-3",
    ]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: 'Rig "two" has no copy "two-3".\n  available: two-1, two-2\n',
    });
  },
);
