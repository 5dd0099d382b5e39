import { chmod, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, onTestFinished } from "vitest";
import { systemClock } from "../../clock/clock.ts";
import type { Finding } from "../../driver/driver.ts";
import { RedisServer, type Persistence } from "../../redis/fixtures/redis-server.ts";
import { test, type TestCli } from "../test-cli.test.kit.ts";
import { examine, type ExamineOptions } from "./examine.ts";
import { findingLine } from "./finding.ts";

/** Returns all findings by name. */
async function runDoctor(
  cli: TestCli,
  options: Partial<ExamineOptions> = {},
): Promise<Readonly<Record<string, Finding>>> {
  const findings: Finding[] = [];
  const examination = examine({
    cwd: cli.project,
    nodeVersion: process.versions.node,
    leastFreeBytes: 1,
    clock: systemClock,
    signal: new AbortController().signal,
    ...options,
    env: { ...process.env, ...cli.env, ...options.env },
  });
  for await (const finding of examination) findings.push(finding);
  return Object.fromEntries(findings.map((finding) => [finding.what, finding]));
}

/** Returns the findings that are not ok. Each must have a fix. */
function problems(findings: Readonly<Record<string, Finding>>): Finding[] {
  const wrong = Object.values(findings).filter(({ status }) => status !== "ok");
  for (const { what, fix } of wrong) expect(fix, what).toMatch(/\S/);
  return wrong;
}

/** Returns an environment with only some of this computer's programs on the PATH. */
async function pathWith(
  cli: TestCli,
  name: string,
  programs: readonly (keyof typeof PROGRAMS)[],
): Promise<{ readonly [name: string]: string | undefined; readonly PATH: string }> {
  const bin = await cli.folder(name);
  for (const program of programs)
    await symlink(await locate(PROGRAMS[program]), join(bin, program));
  return { PATH: bin, VMRIG_TERRAFORM: undefined };
}

const PROGRAMS = {
  terraform: [process.env["VMRIG_TERRAFORM"], "terraform", "tofu"],
  "redis-server": ["redis-server", "valkey-server"],
  ssh: ["ssh"],
} as const;

async function locate(names: readonly (string | undefined)[]): Promise<string> {
  const { stdout } = await execa("which", ["-a", ...names.filter((name) => name !== undefined)], {
    reject: false,
  });
  return stdout.split("\n")[0] ?? "";
}

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
        measured: "`terraform 1.9.0 init` failed: no plugin cache",
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

describe("a Redis that is configured", () => {
  async function problemsOf(
    cli: TestCli,
    extra: readonly string[],
    persistence: Persistence = "always",
    before?: (server: RedisServer) => Promise<unknown>,
  ) {
    await using server = await RedisServer.start({ persistence, extra });
    await before?.(server);
    return problems(
      await runDoctor(cli, { env: { VMRIG_REDIS_URL: `unix://${server.socketPath}` } }),
    );
  }

  test("has no problems when it persists every write and evicts nothing", async ({ cli }) => {
    expect(await problemsOf(cli, [])).toEqual([]);
  });

  test.for<
    [title: string, extra: readonly string[], persistence: Persistence, wrong: Partial<Finding>]
  >([
    ["without an append-only file", [], "none", { what: "Redis persistence", status: "fail" }],
    [
      "that syncs its file once a second",
      ["--appendfsync", "everysec"],
      "always",
      { what: "Redis persistence", status: "warn" },
    ],
    [
      "that evicts when it is full",
      ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"],
      "always",
      { what: "Redis memory", status: "fail" },
    ],
    [
      "that would evict if it had a limit",
      ["--maxmemory-policy", "volatile-ttl"],
      "always",
      { what: "Redis memory", status: "warn" },
    ],
  ])("%s is named with the setting to change", async ([, extra, persistence, wrong], { cli }) => {
    expect(await problemsOf(cli, extra, persistence)).toMatchObject([
      { ...wrong, fix: expect.stringContaining("redis-cli CONFIG SET") },
    ]);
  });

  test("that denies the scripts is reported with the permissions that its user needs", async ({
    cli,
  }) => {
    const found = await problemsOf(cli, [], "always", (server) =>
      server.operator.call("ACL", "SETUSER", "default", "-evalsha", "-eval"),
    );
    expect(found).toMatchObject([
      { what: "Redis", status: "fail", measured: expect.stringMatching(/no permissions/i) },
    ]);
  });

  test("that denies the channels is reported: waiting runs are not notified", async ({ cli }) => {
    const found = await problemsOf(cli, [], "always", (server) =>
      server.operator.call("ACL", "SETUSER", "default", "resetchannels"),
    );
    expect(found).toMatchObject([
      { what: "lease", status: "warn", fix: expect.stringContaining("channels vmrig:*") },
    ]);
  });

  test("that denies INFO gets warnings, and the lease is still checked", async ({ cli }) => {
    const found = await problemsOf(cli, [], "always", (server) =>
      server.operator.call("ACL", "SETUSER", "default", "-info", "-config"),
    );
    expect(found.map(({ what, status }) => `${status} ${what}`)).toEqual([
      "warn Redis",
      "warn Redis persistence",
      "warn Redis memory",
    ]);
  });

  test("that is unreachable is named by its address, without its password", async ({ cli }) => {
    const found = problems(
      await runDoctor(cli, { env: { VMRIG_REDIS_URL: "redis://me:secret@127.0.0.1:1" } }),
    );
    expect(found).toMatchObject([
      { what: "Redis", status: "fail", measured: expect.stringContaining("redis://127.0.0.1:1") },
    ]);
    expect(JSON.stringify(found)).not.toContain("secret");
  });
});

describe("the command", () => {
  test("prints one line per check and exits with 0, or with 3 after a failed check", async ({
    cli,
  }) => {
    const complete = await cli.start(["doctor"]);
    expect(complete.exitCode, complete.stdout).toBe(0);
    expect(complete.stdout.trim().split("\n")).toHaveLength(16);
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

test("a finding is always one line", () => {
  const finding: Finding = {
    what: "config",
    status: "fail",
    measured: "a mistake:\n  name: is missing",
    fix: "write\none",
  };
  expect(findingLine(finding)).toBe("FAIL  config: a mistake: name: is missing — write one");
});
