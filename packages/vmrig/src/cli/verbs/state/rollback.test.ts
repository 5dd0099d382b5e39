import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { test } from "../../test-cli.test.kit.ts";
import { LINEAGE, rigNamed, stateText } from "./state.test.kit.ts";

test("rollback without a confirmation prints what would change, and changes nothing", async ({
  cli,
}) => {
  const { state, store } = await rigNamed(cli, "shown");
  await store(
    stateText({ serial: 1, resources: { pc1: {}, gone: {} } }),
    stateText({ serial: 7, resources: { pc1: { status: "tainted" }, fresh: {} } }),
  );
  for (const words of [[], ["others"]]) {
    const { exitCode, stdout, stderr } = await state(["rollback", "--to", "1", ...words]);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 2,
      stdout:
        "add      terraform_data.gone\nforget   terraform_data.fresh\nchange   terraform_data.pc1\n",
    });
    expect(stderr).toMatch(
      /confirm the rig's name; got ".*"\. vmrig changed nothing\.\nhint: run /,
    );
  }
  expect((await state(["history"])).stdout).toMatch(/^2 /);
});

test.for([["shown"], ["--yes"]])(
  "rollback with %s stores the earlier text as the newest version, with a larger serial",
  async ([confirmation = ""], { cli }) => {
    const name = confirmation === "--yes" ? "script" : "shown";
    const { state, store } = await rigNamed(cli, name);
    await store(
      stateText({ serial: 1, lineage: "old", resources: { pc1: {} } }),
      stateText({ serial: 7, resources: { pc1: {}, pc2: {} } }),
    );
    const newest = Number((await state(["history"])).stdout.split(" ")[0]);
    const { exitCode, stdout, stderr } = await state([
      "rollback",
      "--to",
      String(newest - 1),
      confirmation,
    ]);
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toBe(
      `forget   terraform_data.pc2\nstored   ${name}-1: version ${newest + 1}, as it was in version ${newest - 1}\n`,
    );
    expect(JSON.parse((await state(["pull"])).stdout)).toEqual(
      JSON.parse(stateText({ serial: 8, resources: { pc1: {} } })),
    );
    expect((await state(["history"])).stdout).toMatch(
      new RegExp(`^${newest + 1} .*\\+0 -1 ~0, returned to version ${newest - 1}$`, "m"),
    );
  },
);

test("the next run after a rollback starts Terraform, and takes over the machines that the state lacks", async ({
  cli,
}) => {
  expect((await cli.start(["up"])).exitCode).toBe(0);
  expect((await cli.start(["up"])).stderr).not.toMatch(/asking Terraform/);
  const back = await cli.start(["state", "rollback", "--to", "1", "pcs"]);
  expect(back.stdout).toMatch(/^forget {3}terraform_data\.pc1\nforget {3}terraform_data\.pc2\n/);
  const { exitCode, stderr } = await cli.start(["up"]);
  expect(exitCode, stderr).toBe(0);
  expect(stderr).toContain("check    pcs-1: there is no record of it; asking Terraform\n");
  expect(stderr).toMatch(/^plan {5}adopt terraform_data\.pc1, terraform_data\.pc2$/m);
});

test.for(["missing", "damaged"])(
  "rollback works when the newest version is %s",
  async (fault, { cli }) => {
    const { state, store } = await rigNamed(cli, fault);
    await store(stateText({ serial: 1, resources: { pc1: {} } }), stateText({ serial: 2 }));
    const folder = join(cli.folders.state, "rigs", `${fault}-1`, "terraform", "state");
    expect(await readdir(folder)).toContain("2.tfstate");
    const newest = join(folder, "2.tfstate");
    await (fault === "missing" ? rm(newest) : writeFile(newest, "?"));
    expect((await state(["history"])).stdout).toMatch(/^1 .*\n$/);
    const { exitCode, stdout, stderr } = await state(["rollback", "--to", "1", "--yes"]);
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toBe(
      `change   unknown: one of the two versions is not readable\nstored   ${fault}-1: version 3, as it was in version 1\n`,
    );
    expect(JSON.parse((await state(["pull"])).stdout)).toMatchObject({
      serial: 2,
      lineage: LINEAGE,
      resources: [{ name: "pc1" }],
    });
  },
);

test("rollback refuses the newest version, and one that is not kept", async ({ cli }) => {
  const { state, store } = await rigNamed(cli, "refused");
  await store(stateText({ serial: 1 }));
  expect(await state(["rollback", "--to", "1", "--yes"])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/^Version 1 of .* is the newest already\./) as unknown,
  });
  expect(await state(["rollback", "--to", "2", "--yes"])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/\n {2}kept: 1\n/) as unknown,
  });
});
