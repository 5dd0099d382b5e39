import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { asAPerson } from "./start-vitest.test.kit.ts";
import { EXAMPLES, exists, PROJECT, useHome } from "./end-to-end.test.kit.ts";

/**
 * End-to-end tests on two real machines: real Vitest runs, real Redis, real Terraform, real QEMU.
 * The first run of the example creates the machines; each later test describes the next run.
 */

/** The script that `npm run` runs. */
const DOOR = fileURLToPath(new URL("../../../scripts/run.mjs", import.meta.url));
/** Removes the restart of the service, which pc1 does not have. */
const FORGOTTEN =
  "cd /etc && touch of-the-recipe && sed -i /^Restart=/d $(find systemd/system -name inbox.service) of-the-recipe";

const { home, run, green, runExample, staying, listTests, vmrig, ...rig } = useHome();
const { copyFolder, qemuPids, machineProcesses, expectNothingLeft } = rig;

test("`npm run demo` creates the machines, captures their baseline, runs the example, and prints each step", async () => {
  const { exitCode, all } = await execa(process.execPath, [DOOR, "demo"], {
    env: asAPerson(home()),
    reject: false,
    all: true,
  });
  const output = stripVTControlCharacters(all);
  expect(exitCode, output).toBe(0);
  const steps = ["check", "plan", "boot", "baseline", "lease", "rollback"].map((word) =>
    output.indexOf(` vmrig  ${word.padEnd(8)}`),
  );
  expect(
    steps.every((at) => at > 0),
    output,
  ).toBe(true);
  expect(steps).toEqual(steps.toSorted((a, b) => a - b));
  expect(output).toMatch(/Tests\s+6 passed/);
});

test("a second run starts no Terraform and boots nothing, and prints how long lease, check and rollback took", async () => {
  const before = await qemuPids();
  const output = await green(["look"], { VMRIG_TERRAFORM: "/nonexistent/terraform" });
  expect(output).not.toMatch(/vmrig {2}(plan|boot|baseline)/);
  expect(output).toMatch(/leased in \d+ m?s, checked in \d+ m?s/);
  expect(output).toMatch(/pc1, pc2 back at [0-9a-f]{16} in [\d.]+ m?s/);
  expect(await qemuPids()).toEqual(before);
});

test("for the next file a wiped machine works again and a changed clock is correct again", () =>
  green(["harm"]));

// A dozen crashes and reboots, 300 s on a slow computer.
test(
  "faults and checkpoints work, and the next file starts without their effects",
  { timeout: 900_000 },
  () => green(["faults"]),
);

test("forwards, reverse forwards and proxies work, and are reopened after a restore", () =>
  green(["network"]));

test("a failed test has its unit, its journal and its console, even of a machine whose kernel panicked; the next file finds both machines working", async () => {
  const attachments = join(home().folders.state, "attachments");
  const { code, output } = await run(PROJECT, ["evidence", `--attachmentsDir=${attachments}`]);
  expect(code, output).toBe(1);
  expect(output).toMatch(/Tests {2}2 failed \| 1 passed/);
  expect(output).toContain("greeter has no greeting");
  const files = await readdir(attachments);
  const texts = await Promise.all(files.map((file) => readFile(join(attachments, file), "utf8")));
  const [service, panic] = ["greeter", "pc2 lives"].map((words) =>
    texts.find((text) => text.includes(words)),
  );
  expect(service).toMatch(/=== journal of pc1 ===\n(.+\n)*.*greeter has no greeting/);
  expect(service).toMatch(/=== failed or pending units of pc1 ===\n(.+\n)*.*greeter\.service/);
  expect(panic).toMatch(/=== console of pc1 ===\n(.*\n)*.*Kernel panic/);
  expect(panic).toMatch(/=== journal of pc1 ===\n\(not available: .+\)/);
  expect(panic).toMatch(/=== journal of pc2 ===\n(?!\(not available)/);
});

test("with strict, a test that leaves something behind fails, and a test that leaves nothing passes", async () => {
  const { code, output } = await run(PROJECT, ["strict"]);
  expect(code, output).toBe(1);
  expect(output).toMatch(/Tests {2}1 failed \| 1 passed/);
  const logLines = /^VmrigError \[LEFT_BEHIND\]: .*\n(?: {2}.*\n)*/m.exec(output)?.[0] ?? output;
  expect(logLines).toMatch(/^ {2}pc1: process \d+ of vmrig: sleep 7655$/m);
  expect(logLines).toMatch(/^ {2}pc1: \/etc\/hosts is changed$/m);
  expect(logLines).toMatch(/^ {2}pc2: .*port .*7656/m);
});

describe("leases nothing", () => {
  test.each([
    ["when only unit tests run", ["--project", "unit"]],
    ["when -t matches no test", ["look", "-t", "no test has this name", "--passWithNoTests"]],
  ])("%s", async (_title, words) => {
    expect(await green(words)).not.toContain("leased in");
  });

  test.each([
    ["of the tests of this package", PROJECT, "a command runs on pc1"],
    [
      "of examples/service-under-test",
      join(EXAMPLES, "service-under-test"),
      "is installed, runs, and starts by itself",
    ],
    [
      "of examples/two-node-cluster",
      join(EXAMPLES, "two-node-cluster"),
      "clocks that are an hour wrong change nothing",
    ],
    [
      "of examples/terminal-app",
      join(EXAMPLES, "terminal-app"),
      "asks for a name until it is valid",
    ],
  ])("when tests are only listed: those %s", async (_title, cwd, title) => {
    const { all, exitCode } = await listTests(cwd);
    expect(exitCode, all).toBe(0);
    expect(all).toContain(title);
    expect(all).not.toContain("leased in");
  });
});

test("of two simultaneous runs one waits, prints the holder and its position in the queue, and both end green", async () => {
  const runs = await Promise.all([green(["look"]), green(["look"])]);
  const waited = runs.filter((output) =>
    /two-machines-1 is held by \S+@\S+ \(vitest run look\) for .*you are next/.test(output),
  );
  expect(waited, runs.join("\n")).toHaveLength(1);
});

describe("a run that is ended from outside", () => {
  test("by kill -9 frees the lease long before its TTL expires, and leaves no process and no socket", async () => {
    const { vitest } = await staying();
    const next = run(PROJECT, ["look"]);
    process.kill(vitest.pid ?? 0, "SIGKILL");
    await vitest;
    const { code, output } = await next;
    expect(code, output).toBe(0);
    await expectNothingLeft();
  });

  test("by Ctrl-C runs the hooks, releases and exits with 130", async () => {
    const { vitest, marker } = await staying();
    // A terminal sends the signal to the whole foreground group.
    process.kill(-(vitest.pid ?? 0), "SIGINT");
    const { exitCode, all } = await vitest;
    expect(exitCode, all).toBe(130);
    expect(await exists(`${marker}.after`)).toBe(true);
    await expectNothingLeft();
  });
});

describe("recovers by itself", () => {
  test("when the QEMU processes are gone", async () => {
    for (const pid of await qemuPids()) process.kill(pid, "SIGKILL");
    const output = await green(["look"]);
    expect(output).toContain("its QEMU process is gone; starting it again from its snapshot");
    expect(output).not.toMatch(/vmrig {2}(plan|boot)/);
  });

  test("when Redis and its data are gone, the record included", async () => {
    const before = await qemuPids();
    process.kill(
      Number(await readFile(join(home().folders.state, "redis", "redis.pid"), "utf8")),
      "SIGKILL",
    );
    await rm(join(home().folders.state, "redis"), { recursive: true });
    const output = await green(["look"]);
    expect(output).toContain("there is no record of it; asking Terraform");
    expect(output).toMatch(/vmrig {2}plan {5}no changes/);
    expect(await qemuPids()).toEqual(before);
  });

  test("when the recipe changes: the baseline is rebuilt from the pristine machines", async () => {
    const output = await green(["look"], { TEST_RECIPE: FORGOTTEN });
    expect(output).toContain("the recipe changed; preparing again from the pristine machines");
    expect(output).not.toMatch(/vmrig {2}(plan|boot)/);
    expect(await green(["look"])).not.toContain("preparing again");
  });
});

describe("touches nothing", () => {
  test("when the config changes a machine: names the address, the change and the command that allows it", async () => {
    const before = await qemuPids();
    const { code, output } = await run(PROJECT, ["look"], { TEST_MEMORY: "1GB" });
    expect(code).toBe(1);
    expect(output).toContain("terraform_data.pc1");
    expect(output).toMatch(/512.*1024/);
    expect(output).toContain("vmrig up --allow terraform_data.pc1");
    expect(await qemuPids()).toEqual(before);
  });

  test("when Terraform's state is gone while the machines run: reports them instead of creating them twice", async () => {
    const before = await qemuPids();
    const state = join(copyFolder(), "terraform", "state");
    await mkdir(join(home().folders.state, "moved"), { recursive: true });
    const moved = join(home().folders.state, "moved", "state");
    await rename(state, moved);
    try {
      const { code, output } = await run(PROJECT, ["look"]);
      expect(code).toBe(1);
      expect(output).toContain("that do not belong to its Terraform state. vmrig changed nothing");
      for (const pid of before) expect(output).toContain(`pid ${pid}`);
      expect(await qemuPids()).toEqual(before);
    } finally {
      // The tests below need the machines. The run has claimed a state that it did not find.
      await rm(state, { recursive: true, force: true });
      await rename(moved, state);
    }
    await green(["look"]);
  });
});

describe("the command, on real machines,", () => {
  test("runs a program or a shell line, and forwards input, output and exit code", async () => {
    const counted = await vmrig(
      ["exec", "pc1", "--", "sh", "-c", "wc -c; hostname >&2; exit 7"],
      "12345",
    );
    expect([counted.stdout, counted.exitCode], counted.stderr).toEqual(["5", 7]);
    expect(counted.stderr).toContain("pc1");
    const shell = await vmrig(["ssh", "pc2", "--", "echo $((6 * 7)) on $(hostname)"]);
    expect([shell.stdout, shell.exitCode], shell.stderr).toEqual(["42 on pc2", 0]);
  });

  test("shows copies, machines and consoles without changing them", async () => {
    const before = await qemuPids();
    const status = await vmrig(["status", "--json"]);
    expect(status.exitCode, status.stderr).toBe(0);
    expect(JSON.parse(status.stdout)).toMatchObject({
      rig: "two-machines",
      copies: [{ copy: "two-machines-1", machines: [{ name: "pc1" }, { name: "pc2" }] }],
    });
    const console = await vmrig(["logs", "pc1"]);
    expect([console.exitCode, console.stdout.length > 0], console.stderr).toEqual([0, true]);
    const orphans = await vmrig(["sweep"]);
    expect(orphans.exitCode, orphans.stderr).toBe(0);
    expect(await qemuPids()).toEqual(before);
  });

  test("stops the machines with `down` without losing data: the next run starts them from their baseline", async () => {
    const down = await vmrig(["down"]);
    expect(down.exitCode, down.stderr).toBe(0);
    expect(await machineProcesses()).toEqual([]);
    const output = await green(["look"]);
    expect(output).not.toMatch(/vmrig {2}(plan|boot|baseline)/);
  });
});

describe("the examples, on the same machines:", () => {
  test.each(["service-under-test", "two-node-cluster", "terminal-app"])(
    "%s is green without booting or preparing anything",
    { timeout: 600_000 },
    async (name) => {
      const { code, output } = await runExample(name);
      expect(code, output).toBe(0);
      expect(output).not.toMatch(/vmrig {2}(plan|boot|baseline)/);
    },
  );

  test("two-machines without the line that restarts its service fails, and the evidence shows why", async () => {
    const { code, output } = await runExample("two-machines", ["inbox"], {
      TEST_RECIPE: FORGOTTEN,
    });
    expect(code, output).toBe(1);
    expect(output).toMatch(/Tests\s+1 failed \| 1 passed/);
    const logLines =
      /^ FAIL .*comes back after a crash of its service$([\s\S]*?)^⎯/m.exec(output)?.[1] ?? output;
    expect(logLines).toContain(
      "expected `rsync -a photos/ rsync://pc2/inbox/` on pc1 as vmrig to succeed",
    );
    expect(logLines).toContain("journal of pc2:");
    expect(logLines).toContain("inbox.service: Failed with result 'signal'.");
  });
});

test("vmrig destroy deletes the machines after the rig's name is typed, and leaves nothing behind", async () => {
  const refused = await vmrig(["destroy", "pcs"]);
  expect(refused.exitCode, refused.all).toBe(2);
  expect(await qemuPids()).toHaveLength(2);
  const destroyed = await vmrig(["destroy", "two-machines"]);
  expect(destroyed.exitCode, destroyed.all).toBe(0);
  expect(await machineProcesses()).toEqual([]);
  expect(await readdir(join(copyFolder(), "machines"))).toEqual([]);
});
