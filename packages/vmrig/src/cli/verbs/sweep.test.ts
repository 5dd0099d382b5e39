import { existsSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import {
  formatIdentity,
  identifyProcess,
  type ProcessIdentity,
} from "../../local-files/process-identity.ts";
import { openStates } from "../../gate/store/open-states.ts";
import { rigOf } from "../../gate/test-gate.test.kit.ts";
import { replaceState, withoutMachines } from "../../provision/replace-state.test.kit.ts";
import { configOf, test, type TestCli } from "../test-cli.test.kit.ts";

/**
 * The fake driver finds the orphans of the whole computer, and other tests create some. This driver
 * finds only its own.
 */
function configFor({ root, folders }: TestCli, copies: number): string {
  const own = `orphans: async (folders) => (await fakeDriver().orphans(folders)).filter(({ what }) => ["${root}", "${folders.runtime}"].some((own) => what.includes(own)))`;
  return configOf(["pc1"], `copies: ${copies}`).replace(
    "driver: fakeDriver()",
    `driver: { ...fakeDriver(), ${own} }`,
  );
}

const lines = (text: string): string[] => text.trimEnd().split("\n").toSorted();

/** Returns the identity of a process that has ended. */
function deadProcess(): Promise<ProcessIdentity> {
  return identifyProcess(spawnSync(process.execPath, ["--version"]).pid);
}

test("a clean computer has no orphans, even while machines are leased", async ({ cli }) => {
  await writeFile(join(cli.project, "vmrig.config.mjs"), configFor(cli, 2));
  const alice = cli.run("alice", { copies: 2, machines: { pc1: {} } });
  onTestFinished(() => alice.gate.close());
  await Promise.all([alice.gate.claim("file"), alice.gate.claim("file")]);
  const { exitCode, stdout, stderr } = await cli.start(["sweep", "--remove"]);
  expect({ exitCode, stdout, stderr }).toEqual({
    exitCode: 0,
    stdout: "",
    stderr: "sweep    no orphans\n",
  });
});

test("orphans are listed, and removed only with --remove", async ({ cli }) => {
  const { runtime, state } = cli.folders;
  const folder = join(state, "rigs", "pcs-1");
  const dead = await deadProcess();
  const { pid } = dead;
  const name = formatIdentity(dead);
  const leftovers = [
    join(runtime, `ssh-${name}-abc`, "key"),
    join(folder, `retained.json.0a1b2c3d.${name}`),
    join(folder, "terraform", `engine.json.0a1b2c3d.${name}`),
    join(folder, "leased-through.json"),
    join(runtime, "pcs-1", "pc9.control"),
  ];
  await mkdir(join(runtime, `ssh-${name}-abc`));
  await mkdir(join(folder, "terraform"), { recursive: true });
  for (const path of leftovers)
    await writeFile(path, JSON.stringify({ store: "x", shown: "x", ...dead }));
  const socket = join(runtime, "gate-served");
  const server = createServer().listen(socket);
  const unservedSocket = join(runtime, "gate-unserved");
  // A process that ends without closing its socket.
  spawnSync(process.execPath, [
    "-e",
    `require("net").createServer().listen(${JSON.stringify(unservedSocket)}, () => process.kill(process.pid, "SIGKILL"))`,
  ]);
  try {
    const listed = await cli.start(["sweep"]);
    expect(listed.exitCode).toBe(0);
    expect(lines(listed.stdout)).toEqual(
      [
        `orphan   half-written ${folder}/terraform/engine.json.0a1b2c3d.${name} of process ${pid}, which is gone`,
        `orphan   half-written ${folder}/retained.json.0a1b2c3d.${name} of process ${pid}, which is gone`,
        `orphan   key in ${runtime}/ssh-${name}-abc of process ${pid}, which is gone`,
        `orphan   note ${folder}/leased-through.json of process ${pid}, which is gone`,
        `orphan   socket ${unservedSocket} of a gate that is gone`,
        `orphan   socket ${runtime}/pcs-1/pc9.control, whose machine is gone`,
      ].toSorted(),
    );
    expect(listed.stderr).toBe("sweep    6 orphans; remove with `vmrig sweep --remove`\n");
    expect(leftovers.filter((path) => existsSync(path))).toEqual(leftovers);

    const removed = await cli.start(["sweep", "--remove"]);
    expect({ exitCode: removed.exitCode, stderr: removed.stderr }).toEqual({
      exitCode: 0,
      stderr: "sweep    6 orphans, 6 removed\n",
    });
    expect([...leftovers, unservedSocket].filter((path) => existsSync(path))).toEqual([]);
    expect((await readdir(runtime)).includes("gate-served")).toBe(true);
    expect((await cli.start(["sweep"])).stderr).toBe("sweep    no orphans\n");
  } finally {
    server.close();
  }
});

test("machines whose state file of an earlier version no run has taken over yet are no orphans", async ({
  cli,
}) => {
  await writeFile(join(cli.project, "vmrig.config.mjs"), configFor(cli, 1));
  const bob = cli.run("bob", { machines: { pc1: {} } });
  onTestFinished(() => bob.gate.close());
  await bob.gate.claim("file");
  await bob.gate.close();
  const folder = join(cli.folders.state, "rigs", "pcs-1", "terraform");
  {
    await using states = await openStates(rigOf({}), cli.folders);
    const text = (await states.read({ rig: "pcs", copy: "pcs-1" }))?.text ?? "";
    await writeFile(join(folder, "terraform.tfstate"), text);
  }
  await rm(join(folder, "state"), { recursive: true });

  expect((await cli.start(["sweep"])).stdout).not.toContain("machine pc1");
});

test("a machine without a state and a copy beyond the config are destroyed under their lease; a leased one is not", async ({
  cli,
}) => {
  const { state } = cli.folders;
  await writeFile(join(cli.project, "vmrig.config.mjs"), configFor(cli, 1));
  const bob = cli.run("bob", { copies: 2, machines: { pc1: {} } });
  onTestFinished(() => bob.gate.close());
  await Promise.all([bob.gate.claim("file"), bob.gate.claim("file")]);
  expect((await cli.start(["sweep", "--remove"])).stdout).toBe("");
  await bob.gate.close();

  {
    const copy = { rig: "pcs", copy: "pcs-1" };
    await using states = await openStates(rigOf({}), cli.folders);
    const text = (await states.read(copy))?.text ?? "";
    await replaceState(states, copy, withoutMachines(text));
  }
  // The next run takes the machine over.
  expect((await cli.start(["sweep"])).stdout).not.toContain("machine pc1");
  await rm(join(state, "rigs", "pcs-1", "terraform", "state"), { recursive: true });
  const listed = await cli.start(["sweep"]);
  expect(lines(listed.stdout)).toEqual([
    `orphan   copy pcs-2 with pc1 in ${state}/rigs/pcs-2: the config has 1 copy of pcs`,
    expect.stringMatching(
      /^orphan {3}machine pc1, paused at 127\.0\.0\.1:\d+, pid \d+, .*: there is no state; in .*pcs-1$/,
    ),
  ]);
  const removed = await cli.start(["sweep", "--remove"]);
  expect(removed.stderr).toMatch(/^sweep {4}2 orphans, 2 removed$/m);
  expect((await cli.start(["status"])).stdout).toMatch(/^ {2}pc1 {3}absent/m);
  expect(await readdir(join(state, "rigs", "pcs-2", "machines"))).toEqual([]);
  expect((await cli.start(["up"])).exitCode).toBe(0);
});
