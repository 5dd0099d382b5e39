import { readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect } from "vitest";
import { waitFor } from "../../wait/wait-for.ts";
import { configOf, says, test, type TestCli } from "../test-cli.test.kit.ts";

/** Returns the folders that contain a key. */
const keys = async ({ folders }: TestCli): Promise<string[]> =>
  (await readdir(folders.runtime)).filter((name) => name.startsWith("ssh-"));

describe("exec", () => {
  test("passes on the output and the exit code of the program, and reports only to standard error", async ({
    cli,
  }) => {
    const { exitCode, stdout, stderr } = await cli.start([
      "exec",
      "pc1",
      "--",
      "sh",
      "-c",
      "hostname; echo oops >&2; exit 42",
    ]);
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 42, stdout: "pc1\n" });
    expect(stderr).toMatch(/^oops$/m);
    expect(stderr).toMatch(/^exec {5}pc1: pcs-1 is held until the command has ended$/m);
  });

  test("passes arguments on unchanged", async ({ cli }) => {
    const { stdout } = await cli.start([
      "exec",
      "pc2",
      "--",
      "printf",
      "<%s>",
      "a b",
      "$HOME",
      "'",
      "--follow",
      "*",
      "",
    ]);
    expect(stdout).toBe("<a b><$HOME><'><--follow><*><>");
  });

  test("carries large input and output", async ({ cli }) => {
    const input = "0123456789abcdef".repeat(65_536);
    expect((await cli.start(["exec", "pc1", "--", "cat"], { input })).stdout).toBe(input);
  });

  test("ends with the program, even if its input stays open", async ({ cli }) => {
    const endless = new Readable({ read() {} });
    endless.push("first\n");
    const { exitCode, stdout } = await cli.start(["exec", "pc1", "--", "head", "-n", "1"], {
      input: endless,
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "first\n" });
  });

  test("reports a missing program, and a program ended by a signal, as a shell does", async ({
    cli,
  }) => {
    expect((await cli.start(["exec", "pc1", "--", "no-such-program"])).exitCode).toBe(127);
    expect((await cli.start(["exec", "pc1", "--", "sh", "-c", "kill -KILL $$"])).exitCode).toBe(
      137,
    );
  });

  test("begins at the baseline, without traces of earlier commands", async ({ cli }) => {
    await cli.start(["exec", "pc1", "--", "touch", "left"]);
    expect((await cli.start(["exec", "pc1", "--", "ls"])).stdout).toBe("");
  });

  test("ends the program on Ctrl-C, releases the lease and exits with 130", async ({ cli }) => {
    const child = cli.start(["exec", "pc1", "--", "sh", "-c", "echo begun; exec sleep 1000"]);
    await says(child, /^begun$/m);
    child.kill("SIGINT");
    const { exitCode, stderr } = await child;
    expect(exitCode).toBe(130);
    expect(stderr).toMatch(/^ended by SIGINT$/m);
    await using next = await cli.hold("bob");
    expect(await next.waiting()).toBe(0);
  });

  test("ends immediately after repeated Ctrl-C", async ({ cli }) => {
    await writeFile(
      join(cli.project, "short.config.mjs"),
      configOf(["pc1"], 'lease: { ttl: "2s" }').replace('"pcs"', '"short"'),
    );
    const child = cli.start([
      "exec",
      "--config",
      "short.config.mjs",
      "pc1",
      "--",
      "sh",
      "-c",
      "trap '' TERM; echo begun; while :; do sleep 1; done",
    ]);
    await says(child, /^begun$/m);
    await waitFor({
      what: "vmrig to end",
      timeoutMs: 20_000,
      probe: () =>
        Promise.resolve(child.kill("SIGINT") ? { seen: "still there" } : { value: true }),
    });
    expect((await child).signal).toBe("SIGINT");
  });

  test("ends the program when the lease is lost, and reports the loss", async ({ cli }) => {
    const child = cli.start([
      "exec",
      "--config",
      "short.config.mjs",
      "pc1",
      "--",
      "sh",
      "-c",
      "echo begun; exec sleep 1000",
    ]);
    await says(child, /^begun$/m);
    await cli.deleteLocks("short");
    const { exitCode, stderr } = await child;
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/lease/);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test("ends when the reader of its output has gone", async ({ cli }) => {
    const child = cli.start(["exec", "pc1", "--", "yes"]);
    await says(child, /y\ny\n/);
    child.stdout.destroy();
    expect((await child).exitCode).toBe(141);
  });

  test.for([
    ["pc3", /^Rig "pcs" has no machine "pc3"\.\n {2}available: pc1, pc2\n$/],
    ["px2", /available: pc2, pc1/],
  ] as const)(
    "refuses %s before it leases anything, and names the machines",
    async ([name, message], { cli }) => {
      const { exitCode, stderr } = await cli.start(["exec", name, "--", "true"]);
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(message);
    },
  );
});

describe("ssh", () => {
  test("runs a command line in the machine's shell with OpenSSH, and passes on its exit code", async ({
    cli,
  }) => {
    const { exitCode, stdout, stderr } = await cli.start([
      "ssh",
      "pc2",
      "--",
      "echo $(hostname);",
      "exit",
      "7",
    ]);
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 7, stdout: "pc2\n" });
    expect(stderr).toMatch(/^ssh {6}pc2: pcs-1 is held until you leave$/m);
  });

  test("opens a shell on the only machine, and leaves no key behind", async ({ cli }) => {
    await writeFile(
      join(cli.project, "single.config.mjs"),
      configOf(["pc1"]).replace('"pcs"', '"single"'),
    );
    const { exitCode, stdout, stderr } = await cli.start(["ssh", "--config", "single.config.mjs"], {
      input: "hostname\nexit 3\n",
    });
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 3, stdout: "pc1\n" });
    expect(await keys(cli)).toEqual([]);
  });

  test("requires a name if there are several machines", async ({ cli }) => {
    const { exitCode, stderr } = await cli.start(["ssh"]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: 'Rig "pcs" has 2 machines: name one of them.\n  available: pc1, pc2\n',
    });
  });

  test("ends on SIGTERM, removes its key and releases the lease", async ({ cli }) => {
    const child = cli.start(["ssh", "pc1", "--", "echo begun; sleep 1000"]);
    await says(child, /^begun$/m);
    expect(await keys(cli)).toHaveLength(1);
    child.kill("SIGTERM");
    expect((await child).exitCode).toBe(143);
    expect(await keys(cli)).toEqual([]);
    await using next = await cli.hold("bob");
    expect(await next.waiting()).toBe(0);
  });

  test("without OpenSSH names the packages to install", async ({ cli }) => {
    const bin = await cli.folder("no-ssh");
    await symlink("/bin/cp", join(bin, "cp"));
    const { exitCode, stderr } = await cli.start(["ssh", "pc1"], { env: { PATH: bin } });
    expect(exitCode).toBe(3);
    expect(stderr).toContain(
      "ssh could not be started.\nhint: install OpenSSH: apt-get install openssh-client",
    );
  });
});

test("rollback ends running programs and prints the baseline", async ({ cli }) => {
  const { exitCode, stdout, stderr } = await cli.start(["rollback"]);
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toMatch(/^ready {4}pcs-1: pc1, pc2 at baseline [0-9a-f]+\n$/);
});

describe("logs", () => {
  test("prints one machine's console unchanged, and those of all machines with their names", async ({
    cli,
  }) => {
    const one = await cli.start(["logs", "pc1"]);
    expect(one.exitCode, one.stderr).toBe(0);
    expect(one.stdout).toMatch(
      /^pc1 is up\n(pc1 is up\n|--- vmrig: pc1 is back at [\w-]+ ---\n)*--- vmrig: pc1 is back at baseline-[0-9a-f]+ ---\n$/,
    );
    const all = (await cli.start(["logs"])).stdout;
    expect(all).toMatch(/^pc1 \| pc1 is up$/m);
    expect(all).toMatch(/^pc2 \| pc2 is up$/m);
  });

  test("needs no lease, follows new output, and ends on Ctrl-C", async ({ cli }) => {
    const before = (await cli.start(["logs", "pc1"])).stdout;
    const following = cli.start(["logs", "pc1", "--follow"]);
    const rollbacks = before.split("is back at").length - 1;
    const grown = says(following, new RegExp(`(is back at[^]*){${rollbacks + 1}}`));
    await says(following, /is up/);
    await cli.start(["rollback"]);
    await grown;
    following.kill("SIGINT");
    const { exitCode, stdout, stderr } = await following;
    expect({ exitCode, stderr }).toEqual({ exitCode: 130, stderr: "" });
    expect(stdout.startsWith(before)).toBe(true);
  });

  test("reports a machine that does not exist yet", async ({ cli }) => {
    await writeFile(
      join(cli.project, "new.config.mjs"),
      configOf(["pc9"]).replace('"pcs"', '"new"'),
    );
    const { exitCode, stderr } = await cli.start(["logs", "--config", "new.config.mjs"]);
    expect(exitCode).toBe(3);
    expect(stderr).toContain("There is no machine pc9 in copy new-1.");
  });
});
