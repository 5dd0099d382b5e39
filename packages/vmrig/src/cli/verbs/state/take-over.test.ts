import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { Client } from "pg";
import { describe, expect } from "vitest";
import { tempFolder } from "../../../local-files/temp-folder.test.kit.ts";
import { findTerraform } from "../../../provision/terraform-binary.ts";
import { test, type TestCli } from "../../test-cli.test.kit.ts";
import { startPostgres, startS3 } from "./places.test.kit.ts";
import { rigNamed, stateText } from "./state.test.kit.ts";

/** Creates resources with Terraform and one of its backends. @returns its folder */
async function applied(
  backend: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly folder: string; pull(): Promise<string> }> {
  const folder = await tempFolder();
  const resources = 'resource "terraform_data" "pc" {\n  for_each = toset(["a", "b"])\n}\n';
  await writeFile(join(folder, "main.tf"), `terraform {\n  ${backend}\n}\n${resources}`);
  const { path } = await findTerraform();
  const terraform = (...words: readonly string[]) =>
    execa(path, words, { cwd: folder, env: { CHECKPOINT_DISABLE: "1", ...env } });
  await terraform("init", "-no-color");
  await terraform("apply", "-auto-approve", "-no-color");
  return { folder, pull: async () => (await terraform("state", "pull")).stdout };
}

const TAKEN = 'resource terraform_data.pc["a"]\nresource terraform_data.pc["b"]\nstored   ';

interface Source {
  /** Name of the rig. */
  readonly name: string;
  /** After `--from`. */
  readonly words: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

async function expectTaken(
  cli: TestCli,
  { name, words, env = {} }: Source,
  text: string,
): Promise<void> {
  const { state } = await rigNamed(cli, name, { env });
  const { exitCode, stdout, stderr } = await state(["migrate", "--from", ...words]);
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toContain(`${TAKEN}${name}-1: version 1, from `);
  expect(stderr).toContain("the old state stays where it is");
  expect(JSON.parse((await state(["pull"])).stdout)).toEqual(JSON.parse(text));
  expect((await state(["history"])).stdout).toContain("taken over from ");
}

async function expectLocked(cli: TestCli, { name, words, env = {} }: Source): Promise<void> {
  const { state } = await rigNamed(cli, name, { env });
  const { exitCode, stdout, stderr } = await state(["migrate", "--from", ...words]);
  expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 3, stdout: "" });
  expect(stderr).toMatch(/^Terraform or OpenTofu has locked the state in /);
  expect((await state(["history"])).stdout).toBe("");
}

test("a state of Terraform's backend local, named by a relative path", async ({ cli }) => {
  const { folder } = await applied('backend "local" {}');
  const path = join(folder, "terraform.tfstate");
  const text = await readFile(path, "utf8");
  await writeFile(join(cli.project, "native.tfstate"), text);
  await expectTaken(cli, { name: "local", words: ["local:native.tfstate"] }, text);
  expect(await readFile(path, "utf8")).toBe(text);
});

test("a state of Terraform's backend pg, of a schema and a workspace", async ({ cli }) => {
  const { server } = await startPostgres();
  const url = server.urlFor("admin");
  const env = { PG_CONN_STR: `${url}&sslmode=disable`, TF_WORKSPACE: "team" };
  const { pull } = await applied('backend "pg" { schema_name = "native" }', env);
  const words = [`pg:${url}#native.team`];
  await expectTaken(cli, { name: "pg", words }, await pull());

  // As an engine locks it: internal/backend/remote-state/pg/client.go.
  const engine = new Client({ connectionString: url });
  await engine.connect();
  await engine.query("select pg_advisory_lock(id) from native.states where name = 'team'");
  await expectLocked(cli, { name: "pg-locked", words });
  await engine.end();
});

test("a state of Terraform's backend s3", async ({ cli }) => {
  const { server, env } = await startS3();
  const endpoint = `http://127.0.0.1:${server.port}`;
  const backend = `backend "s3" {
    bucket = "states"
    key = "team/a b.tfstate"
    region = "eu-central-1"
    endpoints = { s3 = "${endpoint}" }
    use_path_style = true
    use_lockfile = true
    skip_credentials_validation = true
    skip_requesting_account_id = true
  }`;
  const { pull } = await applied(backend, env);
  const words = [
    "s3:states/team/a b.tfstate",
    "--s3-region",
    "eu-central-1",
    "--s3-endpoint",
    endpoint,
    "--s3-path-style",
  ];
  await expectTaken(cli, { name: "s3", words, env }, await pull());
  const lock = `${endpoint}/states/team/a%20b.tfstate.tflock`;
  expect((await fetch(lock, { method: "PUT", body: "{}" })).ok).toBe(true);
  await expectLocked(cli, { name: "s3-locked", words, env });
});

describe("migrate --from refuses", () => {
  test("a copy that has resources, and accepts one that only has an owner", async ({ cli }) => {
    const { state, store } = await rigNamed(cli, "used");
    await writeFile(
      join(cli.project, "native.tfstate"),
      stateText({ serial: 9, lineage: "native", resources: { pc1: {} } }),
    );
    await store(stateText({ serial: 1, resources: { vmrig_owner: {} } }));
    const words = ["migrate", "--from", "local:native.tfstate"];
    expect((await state(words)).stdout).toMatch(/^resource .*\nstored {3}used-1: version 2, from /);
    const again = await state(words);
    expect(again).toMatchObject({ exitCode: 3, stdout: "" });
    expect(again.stderr).toMatch(/^The state of "used-1" in .* has resources already\./);
    expect((await state(["history"])).stdout).toMatch(/^2 /);
  });

  test("a state that Terraform has locked", async ({ cli }) => {
    const folder = join(cli.project, "locked");
    await mkdir(folder);
    await writeFile(join(folder, "terraform.tfstate"), stateText({ serial: 1 }));
    await writeFile(join(folder, ".terraform.tfstate.lock.info"), "{}");
    await expectLocked(cli, { name: "locked", words: ["local:locked/terraform.tfstate"] });
  });

  test.for<[title: string, text: string | undefined, message: string]>([
    ["a missing file", undefined, "There is no state in "],
    ["a file that is no state", "{}", "cannot be taken over: it is not a state."],
    [
      "an old format",
      JSON.stringify({ version: 3, serial: 1, lineage: "l" }),
      "cannot be taken over: its format has version 3, not 4.",
    ],
    [
      "a state that OpenTofu encrypted",
      JSON.stringify({ serial: 1, lineage: "l", encrypted_data: "x" }),
      "cannot be taken over: OpenTofu encrypted it.",
    ],
  ])("%s", async ([, text, message], { cli }) => {
    const { state } = await rigNamed(cli, "unfit");
    const file = text === undefined ? "nowhere.tfstate" : "unfit.tfstate";
    if (text !== undefined) await writeFile(join(cli.project, file), text);
    const { exitCode, stdout, stderr } = await state(["migrate", "--from", `local:${file}`]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" });
    expect(stderr).toContain(message);
    expect((await state(["history"])).stdout).toBe("");
  });

  test("a place of unknown form, without showing it", async ({ cli }) => {
    const { state } = await rigNamed(cli, "unfit");
    const { exitCode, stderr } = await state(["migrate", "--from", "ftp:hunter2"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("expected pg:URL[#SCHEMA[.WORKSPACE]]");
    expect(stderr).not.toContain("hunter2");
  });
});
