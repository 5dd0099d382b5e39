import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished } from "vitest";
import { systemClock } from "../../clock/clock.ts";
import { test } from "../test-cli.test.kit.ts";
import { pathWith, problems, runDoctor } from "./examine.test.kit.ts";

test("a complete computer has no problems, and the doctor measures every prerequisite", async ({
  cli,
}) => {
  const findings = await runDoctor(cli);
  expect(problems(findings)).toEqual([]);
  expect(Object.keys(findings)).toEqual([
    "Node.js",
    "config",
    "state folder",
    "SSH keys",
    "disk of the state folder",
    "disk of the cache folder",
    "Redis",
    "Redis persistence",
    "Redis memory",
    "clock",
    "lease",
    "state store",
    "Terraform",
    "copies",
    "runtime folder",
    "fake machines",
    "ssh client",
  ]);
  expect(findings["config"]?.measured).toBe(
    `${join(cli.project, "vmrig.config.mjs")}: rig pcs with pc1, pc2`,
  );
  expect(findings["Redis"]?.measured).toMatch(/^\S+.* at unix:.*redis\.sock$/);
  expect(findings["lease"]?.measured).toMatch(/^acquired, waited for and handed over in \d+ ms$/);
  expect(findings["Terraform"]?.measured).toMatch(/\d+\.\d+\.\d+; a stack can be initialised$/);
});

describe("a computer that lacks one thing gets that finding alone, with its fix", () => {
  test("a newer Node.js", async ({ cli }) => {
    expect(problems(await runDoctor(cli, { nodeVersion: "22.11.0" }))).toMatchObject([
      {
        what: "Node.js",
        status: "fail",
        measured: "22.11.0 is older than 22.12",
        fix: expect.stringContaining("nodejs.org"),
      },
    ]);
  });

  test("redis-server", async ({ cli }) => {
    const env = await pathWith(cli, "no-redis", ["terraform", "ssh"]);
    expect(problems(await runDoctor(cli, { env }))).toMatchObject([
      {
        what: "Redis",
        status: "fail",
        measured: expect.stringContaining("redis-server"),
        fix: expect.stringContaining("VMRIG_REDIS_URL"),
      },
    ]);
  });

  test("Terraform", async ({ cli }) => {
    const env = await pathWith(cli, "no-terraform", ["redis-server", "ssh"]);
    expect(problems(await runDoctor(cli, { env }))).toMatchObject([
      {
        what: "Terraform",
        status: "fail",
        measured: expect.stringContaining("terraform: not on the PATH"),
        fix: expect.stringContaining("install OpenTofu"),
      },
    ]);
  });

  test("a Terraform that works", async ({ cli }) => {
    const env = await pathWith(cli, "bad-terraform", ["redis-server", "ssh"]);
    const words =
      'case $1 in version) echo \'{"terraform_version":"1.9.0"}\';; *) echo no plugin cache; exit 1;; esac';
    await writeFile(join(env.PATH, "terraform"), `#!/bin/sh\n${words}\n`, { mode: 0o755 });
    expect(problems(await runDoctor(cli, { env }))).toMatchObject([
      {
        what: "Terraform",
        status: "fail",
        measured: `\`${join(env.PATH, "terraform")} init\` failed with version 1.9.0: no plugin cache`,
      },
    ]);
  });

  test("ssh", async ({ cli }) => {
    const env = await pathWith(cli, "no-ssh", ["redis-server", "terraform"]);
    expect(problems(await runDoctor(cli, { env }))).toMatchObject([
      { what: "ssh client", status: "warn", fix: expect.stringContaining("openssh-client") },
    ]);
  });

  test("a config", async ({ cli }) => {
    expect(problems(await runDoctor(cli, { cwd: cli.root }))).toMatchObject([
      {
        what: "config",
        status: "fail",
        measured: expect.stringContaining("There is no vmrig.config.ts"),
        fix: "`vmrig init` writes one",
      },
    ]);
  });

  test("a valid config", async ({ cli }) => {
    const config = join(cli.root, "wrong.config.mjs");
    await writeFile(config, "export default { name: 'PCs', machines: {} };\n");
    expect(problems(await runDoctor(cli, { config }))).toMatchObject([
      {
        what: "config",
        status: "fail",
        measured: expect.stringMatching(/3 mistakes.*name: expected .*driver: is missing/),
      },
    ]);
  });

  test.for([
    [0o777, "fail", "other users may write to it"],
    [0o755, "warn", "other users may read it"],
  ] as const)("a private state folder (mode %o)", async ([mode, status, message], { cli }) => {
    onTestFinished(() => chmod(cli.folders.state, 0o700));
    await chmod(cli.folders.state, mode);
    expect(problems(await runDoctor(cli))).toMatchObject([
      {
        what: "state folder",
        status,
        measured: expect.stringContaining(message),
        fix: `chmod 700 ${cli.folders.state}`,
      },
    ]);
  });

  test("a private runtime folder; Redis is not started in it", async ({ cli }) => {
    onTestFinished(() => chmod(cli.folders.runtime, 0o700));
    await chmod(cli.folders.runtime, 0o777);
    expect(problems(await runDoctor(cli))).toMatchObject([
      {
        what: "folders",
        status: "fail",
        measured: expect.stringContaining(`${cli.folders.runtime} is writable for other users`),
      },
      { what: "Redis", status: "fail", measured: expect.stringContaining("no safe folder") },
    ]);
  });

  test("space on its disks", async ({ cli }) => {
    expect(problems(await runDoctor(cli, { leastFreeBytes: 2 ** 60 }))).toMatchObject([
      {
        what: "disk of the state folder",
        status: "warn",
        fix: expect.stringContaining("VMRIG_HOME"),
      },
      {
        what: "disk of the cache folder",
        status: "warn",
        fix: expect.stringContaining("VMRIG_CACHE"),
      },
    ]);
  });

  test.for([
    [5_000, "5.0 s ahead of that of Redis"],
    [-90_000, "90.0 s behind that of Redis"],
  ] as const)("the right time (%i ms off)", async ([offMs, message], { cli }) => {
    const clock = { ...systemClock, wall: () => systemClock.wall() + offMs };
    expect(problems(await runDoctor(cli, { clock }))).toMatchObject([
      {
        what: "clock",
        status: "warn",
        measured: expect.stringContaining(message),
        fix: expect.stringContaining("NTP"),
      },
    ]);
  });
});
