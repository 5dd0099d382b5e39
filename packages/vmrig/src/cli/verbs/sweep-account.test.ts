import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { configOf, test, type TestCli } from "../test-cli.test.kit.ts";

const OWNER = "11111111-2222-4333-8444-555555555555";

/** An account with a server of another rig, a server of a killed publish, and an address. */
const RESOURCES = [
  {
    type: "cloud_server",
    id: "7",
    location: 'server 7 "web-1-db"',
    belongs: { to: "copy", rig: "web", copy: "web-1", owner: OWNER },
    createdAt: 0,
    monthly: { net: 5.49, gross: 6.53 },
  },
  {
    type: "cloud_server",
    id: "8",
    location: 'server 8 "publish-1"',
    belongs: { to: "none", why: "temporary for publish, and not needed since 2026-01-02" },
    createdAt: 0,
    monthly: { net: 3.49, gross: 4.15 },
  },
  {
    type: "cloud_address",
    id: "9",
    location: "primary IP 9",
    belongs: { to: "others", why: "it is assigned to no server, and is billed nevertheless" },
    createdAt: 0,
  },
];

async function configure({ project }: TestCli): Promise<void> {
  const account = `{
    name: "Cloud",
    costs: async () => ({ currency: "EUR", items: [] }),
    list: async () => ({ currency: "EUR", resources: ${JSON.stringify(RESOURCES)} }),
    remove: async ({ id }) => console.error("deleted", id),
  }`;
  const driver = `driver: { ...fakeDriver(), orphans: async () => [], account: ${account} }`;
  const text = configOf(["pc1"]).replace("driver: fakeDriver()", () => driver);
  await writeFile(join(project, "vmrig.config.mjs"), text);
}

test("sweep removes what is provably not needed, and the rest only when a person names its owner", async ({
  cli,
}) => {
  await configure(cli);
  const web = `server 7 "web-1-db" of web-1: no state in ${cli.folders.state}/rigs has the owner ${OWNER}, 5.49 EUR a month net`;
  const publish = `server 8 "publish-1": temporary for publish, and not needed since 2026-01-02, 3.49 EUR a month net`;
  const address = "primary IP 9: it is assigned to no server, and is billed nevertheless";
  const advice = (count: string) => [
    `unknown  ${count}`,
    "unknown  if the state of an owner is gone for good, name it: `vmrig sweep --remove --owner OWNER`",
  ];
  const listed = await cli.start(["sweep"]);
  expect(listed.exitCode).toBe(0);
  expect(listed.stdout.trimEnd().split("\n")).toEqual([
    `orphan   ${publish}`,
    `unknown  ${web}`,
    `unknown  ${address}`,
  ]);
  expect(listed.stderr.trimEnd().split("\n")).toEqual([
    "sweep    1 orphan; remove with `vmrig sweep --remove`",
    ...advice("2 resources are not known to this config, and vmrig does not remove them"),
  ]);

  const removed = await cli.start(["sweep", "--remove"]);
  expect(removed.stderr).toContain("deleted 8\n");
  expect(removed.stderr).not.toContain("deleted 7");
  expect(removed.stderr).toContain("sweep    1 orphan, 1 removed\n");

  const named = await cli.start(["sweep", "--remove", "--owner", OWNER]);
  expect(named.stdout).toContain(
    `removed  server 7 "web-1-db" of web-1: the state of owner ${OWNER} is gone, 5.49 EUR a month net\n`,
  );
  expect(named.stderr).toContain("deleted 7\n");
  expect(named.stderr).not.toContain("deleted 9");
  expect(named.stderr.trimEnd().split("\n").slice(-1)).toEqual([
    "unknown  1 resource is not known to this config, and vmrig does not remove it",
  ]);
});
