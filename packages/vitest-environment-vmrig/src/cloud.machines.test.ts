import { expect, test } from "vitest";
import { secretFiles, useCloud, type Computer } from "./cloud.test.kit.ts";

/**
 * A team with one server in Hetzner Cloud, which is a real machine behind a double of the API: two
 * computers that share Redis and nothing else, real Vitest runs, real Terraform. The first test
 * creates the server; each later test describes the next run.
 */

// A server is created, booted and prepared, and then rolled back for a second run.
const FIRST_RUNS_MS = 800_000;
const CREATED = ["/firewalls", "/networks", "/placement_groups", "/servers", "/ssh_keys"];

const { computer, servers, boots, creations, resources } = useCloud();
let laptop: Computer;
let runner: Computer;
let server: readonly string[];

test(
  "two computers test on the same server: one waits in line, and neither has a state or a key in its files",
  { timeout: FIRST_RUNS_MS },
  async () => {
    [laptop, runner] = [await computer(), await computer()];
    const outputs = await Promise.all([laptop, runner].map(({ green }) => green(["look"])));
    const waited = outputs.filter((output) => /team-1 is held by .*you are next/.test(output));
    expect(waited, outputs.join("\n")).toHaveLength(1);
    server = await servers();
    expect(server).toEqual([expect.stringContaining("team-1-pc1")]);
    expect(await creations()).toEqual(CREATED);
    for (const { home } of [laptop, runner]) expect(await secretFiles(home)).toEqual([]);
  },
);

test("a computer whose home was deleted tests on the same server, and creates nothing", async () => {
  await laptop.home[Symbol.asyncDispose]();
  laptop = await computer();
  const output = await laptop.green(["look"]);
  expect(output).not.toMatch(/vmrig {2}(boot|baseline)/);
  expect(await servers()).toEqual(server);
  expect(await creations()).toEqual(CREATED);
});

test(
  "what a test leaves in the kernel is gone for the next file, and the output says when that took a reboot; a machine without sshd recovers",
  { timeout: FIRST_RUNS_MS },
  async () => {
    const before = await boots();
    const output = await runner.green(["harm"]);
    expect(output.match(/full reboot, because .*/g), output).toEqual([
      expect.stringContaining("sysctl kernel.kexec_load_disabled is 1"),
    ]);
    expect(output).toMatch(/recover {2}pc1: resetting it, which takes a minute, because /);
    // No other file took one.
    expect((await boots()) - before, output).toBe(2);
  },
);

test("`vmrig status` shows the server and its price, and `vmrig sweep` finds nothing", async () => {
  const { stdout } = await runner.vmrig("status");
  expect(stdout).toMatch(/^cost {5}0\.0\d+ EUR an hour/m);
  expect(stdout).toContain("team-1-pc1");
  expect((await runner.vmrig("sweep")).stderr).toContain("no orphans");
});

test("`vmrig down` switches the server off, and the next run starts it", async () => {
  await runner.vmrig("down");
  const output = await laptop.green(["look"]);
  expect(output).not.toMatch(/vmrig {2}(plan|boot|baseline)/);
  expect(await servers()).toEqual(server);
});

test("`vmrig destroy` leaves nothing in the project", async () => {
  await laptop.vmrig("destroy", "team");
  expect(await resources()).toEqual([]);
});
