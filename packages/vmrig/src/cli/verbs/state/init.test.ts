import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { S3Proxy } from "../../../provision/state/stores/s3/s3-server.test.kit.ts";
import { test } from "../../test-cli.test.kit.ts";
import { s3Place, startPostgres, startRedis, startS3 } from "./places.test.kit.ts";
import { rigNamed, stateText } from "./state.test.kit.ts";

test("init of pg creates the tables, and prints grants that suffice for another role", async ({
  cli,
}) => {
  const { server, state } = await startPostgres();
  const env = await startRedis();
  const admin = await rigNamed(cli, "tables", { shared: true, state, env });
  expect((await admin.state(["history"])).stderr).toContain(
    "`vmrig state init --config tables.config.mjs`",
  );
  const { exitCode, stdout, stderr } = await admin.state(["init"]);
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toMatch(/^ready {4}pg: postgres:.* can be read and written\ngrant {4}/);

  // 1. The printed statements, as an administrator runs them.
  await server.admin("create role member login");
  const url = server.urlFor("member");
  const own = await rigNamed(cli, "member", { shared: true, state: { store: "pg", url }, env });
  expect(await own.state(["init"])).toMatchObject({ exitCode: 3, stdout: "" });
  await server.admin(stdout.split("\n").slice(2).join("\n").replaceAll("ROLE", "member"));

  // 2. The other role can use the store, and may repeat init.
  expect(await own.state(["init"])).toMatchObject({ exitCode: 0 });
  await own.store(stateText({ serial: 1, resources: { pc1: {} } }));
  expect((await own.state(["list"])).stdout).toBe("terraform_data.pc1\n");
});

test("init of pg by a role that may not create a schema says who has to do it", async ({ cli }) => {
  const { server } = await startPostgres();
  const env = await startRedis();
  await server.admin("create role member login");
  const { state } = await rigNamed(cli, "denied", { shared: true, env });
  const words = ["--store", "pg", "--pg-url", server.urlFor("member")];
  expect(await state(["init", ...words])).toMatchObject({
    exitCode: 3,
    stdout: "",
    stderr: expect.stringMatching(
      /permission denied[^]*\nhint: run this once with the address of a role that may create/,
    ) as unknown,
  });
});

test("init of s3 accepts a server with atomic conditions, and refuses one without", async ({
  cli,
}) => {
  const { server, words, env } = await startS3();
  const redis = await startRedis();
  const { state } = await rigNamed(cli, "races", { shared: true, env: { ...redis, ...env } });
  const good = await state(["init", "--store", ...words]);
  expect(good.stdout, good.stderr).toMatch(/^ready {4}s3: s3:\/\/states at .* can be read and/);

  const proxy = await S3Proxy.before(server.port, { unconditional: true });
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  const bad = await state(["init", "--store", ...s3Place(proxy.port).words]);
  expect(bad).toMatchObject({ exitCode: 3, stdout: "" });
  expect(bad.stderr).toMatch(/^Of 20 concurrent writers \d+ won in /);
});

test("init of redis and file writes and reads a small state, and leaves no copy behind", async ({
  cli,
}) => {
  const shared = await rigNamed(cli, "team", { shared: true, env: await startRedis() });
  expect((await shared.state(["init"])).stdout).toMatch(/^ready {4}redis: unix:.* can be read/);
  const down = await shared.state(["init"], {
    env: { VMRIG_REDIS_URL: "redis://127.0.0.1:1" },
  });
  expect(down).toMatchObject({ exitCode: 3, stdout: "" });

  const rigs = join(cli.folders.state, "rigs");
  const local = await rigNamed(cli, "local");
  expect((await local.state(["init"])).stdout).toBe(
    `ready    file: ${rigs} can be read and written\n`,
  );
  expect(await readdir(rigs)).toEqual([]);
});

test("init of file fails where no folder can be created", async ({ cli }) => {
  await writeFile(join(cli.root, "taken"), "");
  const { state } = await rigNamed(cli, "local");
  const init = await state(["init"], { env: { VMRIG_HOME: join(cli.root, "taken", "home") } });
  expect(init).toMatchObject({ exitCode: 3, stdout: "" });
});

test("init refuses an option of another store, and an unknown store", async ({ cli }) => {
  const init = (...words: readonly string[]) => cli.start(["state", "init", ...words]);
  expect(await init("--store", "pg", "--s3-bucket", "b")).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/^--s3-bucket does not fit the store "pg"/) as unknown,
  });
  expect(await init("--store", "s3", "--s3-bucket", "states")).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/^The store "s3" needs another --s3-region: expected/) as unknown,
  });
  expect(await init("--store", "etcd")).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/^vmrig has no store "etcd"\.\nhint: .* file, redis/) as unknown,
  });
});
