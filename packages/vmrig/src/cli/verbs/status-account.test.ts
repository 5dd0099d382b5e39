import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { RigStatus } from "../../operations/rig-status.ts";
import { configOf, test, type TestCli } from "../test-cli.test.kit.ts";

const ERRORS = new URL("../../errors/vmrig-error.ts", import.meta.url).href;

/** Writes a config whose machines are in an account. */
async function configure({ project }: TestCli, account: string, more = ""): Promise<void> {
  const text = configOf(["pc1"]).replace(
    "driver: fakeDriver()",
    () =>
      `driver: { ...fakeDriver(), account: { name: "Cloud", list: async () => [], ${account} }, ${more} }`,
  );
  await writeFile(
    join(project, "vmrig.config.mjs"),
    `import { VmrigError } from "${ERRORS}";
const refuse = async () => {
  throw new VmrigError("CLOUD_REFUSED", { message: "CLOUD_TOKEN is not set." });
};
${text}`,
  );
}

test("status shows what the rig costs, and when it was last used", async ({ cli }) => {
  await configure(
    cli,
    `costs: async (rig) => ({ currency: "EUR", items: [
      { what: "server 1 of " + rig, copy: "pcs-1", hourly: { net: 0.0048, gross: 0.0057 }, monthly: { net: 2.99, gross: 3.5581 } },
      { what: "image 2", monthly: { net: 0.0165, gross: 0.0196 } },
      { what: "server 3", copy: "pcs-1" },
    ] })`,
  );
  const alice = cli.run("alice", { machines: { pc1: {} } });
  await alice.gate.claim("file");
  await alice.gate.close();
  const { exitCode, stdout, stderr } = await cli.start(["status"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout).toMatch(/^pcs-1 {4}free, last used \d+(\.\d)? s ago$/m);
  expect(stdout).toContain(`
cost     at least 0.0048 EUR an hour, 3.01 EUR a month net (gross: 0.0057, 3.58)
  server 1 of pcs   0.0048 an hour   2.99 a month
  image 2           -                0.02 a month
  server 3          -                price not listed

queue    empty
`);
  const json = JSON.parse((await cli.start(["status", "--json"])).stdout) as RigStatus;
  expect(json.costs).toMatchObject({
    currency: "EUR",
    hourly: { net: 0.0048, gross: 0.0057 },
    monthly: { net: 3.0065, gross: 3.5777 },
    unpriced: 1,
    items: [{ copy: "pcs-1" }, { what: "image 2" }, { what: "server 3" }],
  });
  expect(Date.now() - Date.parse(json.copies[0]?.lastUsed ?? "")).toBeLessThan(60_000);
});

test("without a token, status still shows leases and the state, and one line says what is missing", async ({
  cli,
}) => {
  await configure(cli, "costs: refuse", "inspect: refuse");
  const { exitCode, stdout, stderr } = await cli.start(["status"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout.match(/CLOUD_TOKEN is not set/g)).toHaveLength(1);
  expect(stdout).toMatch(/^account {2}machines and costs unknown: CLOUD_TOKEN is not set\.$/m);
  expect(stdout).toMatch(/^pcs-1 {4}free/m);
  expect(stdout).toMatch(/^ {2}Terraform state version \d+; fence \d+$/m);
  const json = JSON.parse((await cli.start(["status", "--json"])).stdout) as RigStatus;
  expect(json).toMatchObject({
    unreachable: "CLOUD_TOKEN is not set.",
    costs: { unreachable: "CLOUD_TOKEN is not set." },
    copies: [{ copy: "pcs-1", state: "free", machines: [] }],
  });
});

test("prices that the account does not give do not hide the machines", async ({ cli }) => {
  await configure(cli, "costs: refuse");
  const { stdout } = await cli.start(["status"]);
  expect(stdout).toMatch(/^ {2}pc1 {3}paused/m);
  expect(stdout).toMatch(/^cost {5}unknown: CLOUD_TOKEN is not set\.$/m);
});
