import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Redis } from "ioredis";
import { expect, onTestFinished } from "vitest";
import { configOf, test, type TestCli } from "../test-cli.test.kit.ts";

const ACCOUNT = `{
  name: "Cloud",
  costs: async () => ({
    currency: "EUR",
    items: [{ what: "server 1", monthly: { net: 3.5, gross: 4 }, hourly: { net: 0.005, gross: 0.006 } }],
  }),
  list: async () => ({ currency: "EUR", resources: [] }),
  remove: async () => {},
}`;

async function configure({ project }: TestCli, rest: string): Promise<void> {
  const text = configOf(["pc1"], rest);
  const driver = `driver: { ...fakeDriver(), account: ${ACCOUNT} }`;
  await writeFile(
    join(project, "vmrig.config.mjs"),
    text.replace("driver: fakeDriver()", () => driver),
  );
}

async function neverUsedSince({ folders }: TestCli, ms: number): Promise<void> {
  const redis = new Redis({ path: join(folders.runtime, "redis", "redis.sock") });
  onTestFinished(() => redis.disconnect());
  await redis.set("vmrig:{pcs}:pcs-1:used", String(Date.now() - ms));
}

test("rest tells what it did with each copy, and that machines that are off are billed", async ({
  cli,
}) => {
  await configure(cli, 'rest: { after: "2h", do: "power-off" }');
  const alice = cli.run("alice", { machines: { pc1: {} } });
  await alice.gate.claim("file");
  await alice.gate.close();
  const early = await cli.start(["rest"]);
  expect({ exitCode: early.exitCode, stderr: early.stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(early.stdout).toMatch(/^kept {5}pcs-1: used \d+\.\d s ago, and rests after 2\.0 h\n$/);

  await neverUsedSince(cli, 3 * 3_600_000);
  const { exitCode, stdout, stderr } = await cli.start(["rest"]);
  expect({ exitCode, stdout, stderr }).toEqual({
    exitCode: 0,
    stdout: "off      pcs-1: pc1; not used for 3.0 h\n",
    stderr:
      "billed   the rig still costs 3.50 EUR a month net, because Cloud bills machines that are off like machines that run\n",
  });
  const again = await cli.start(["rest", "--json"]);
  expect(JSON.parse(again.stdout)).toEqual([
    { copy: "pcs-1", did: "nothing", why: "its machines are off" },
  ]);
});

test("without `rest` in the config, rest is a mistake of the user", async ({ cli }) => {
  await configure(cli, "");
  const { exitCode, stdout, stderr } = await cli.start(["rest"]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).toBe(
    'The config of rig "pcs" does not say when its machines rest.\nhint: add `rest: { after: "8h", do: "power-off" }`\n',
  );
});
