import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openHome, type Home } from "./home.test.kit.ts";

/**
 * `vmrig up --refresh` on a real machine, with apt, dpkg and a mirror in a folder of the machine:
 * see the config of the project.
 */

const PROJECT = fileURLToPath(new URL("../test-projects/refresh", import.meta.url));
const CLI = fileURLToPath(import.meta.resolve("vmrig/cli"));

let home: Home;
beforeAll(async () => {
  home = await openHome();
  expect(await vmrig(["up"])).toMatchObject({ exitCode: 0 });
});
afterAll(() => home[Symbol.asyncDispose]());

function start(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return execa(process.execPath, [CLI, ...words], {
    cwd: PROJECT,
    env: { ...home.env, ...env },
    reject: false,
    all: true,
  });
}

async function vmrig(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { exitCode, all, stdout } = await start(words, env);
  return { exitCode, all, stdout };
}

/** Returns the version of the package at the baseline, and its configuration file. */
async function greeter(): Promise<string> {
  const show =
    "dpkg-query -W -f '${Version}: ' greeter; cat /etc/greeter.conf; ls /run/vmrig-upgrade";
  const { stdout, all, exitCode } = await vmrig(["exec", "pc1", "--", "sh", "-c", `${show}; true`]);
  expect(exitCode, all).toBe(0);
  return stdout;
}

async function snapshots(): Promise<readonly string[]> {
  const { stdout } = await vmrig(["status", "--json"]);
  const { copies } = JSON.parse(stdout) as {
    copies: { machines: { snapshots: string[]; baseline: string }[] }[];
  };
  expect(copies[0]?.machines[0]?.baseline).toBe("current");
  return copies[0]?.machines[0]?.snapshots.toSorted() ?? [];
}

const OLD = "1: of version 1\nchanged on the machine\n".trim();
const NEW = "2: of version 1\nchanged on the machine\n".trim();

test("without its mirror, an upgrade fails, and the baseline stays", async () => {
  const before = await snapshots();
  const { exitCode, all } = await vmrig(["up", "--refresh"], { TEST_MIRROR: "gone" });
  expect(exitCode, all).toBe(3);
  expect(all).toMatch(
    /^Upgrading the packages of pc1 failed: "apt-get update" exited with 100\.$/m,
  );
  expect(all).toContain("E: Failed to fetch file:/srv/mirror");
  expect(await snapshots()).toEqual(before);
  expect(await greeter()).toBe(OLD);
});

test("killed when its upgrade has begun, it leaves the baseline as it was", async () => {
  const before = await snapshots();
  const refreshing = start(["up", "--refresh"]);
  let output = "";
  refreshing.all.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    if (output.includes("upgrading the packages")) refreshing.kill("SIGKILL");
  });
  expect((await refreshing).signal, output).toBe("SIGKILL");
  expect(await greeter()).toBe(OLD);
  expect(await snapshots()).toEqual(before);
});

test("upgrades the machine's packages, keeps its configuration files and its kernel, reboots it, and captures its baseline again", async () => {
  const [baseline] = await snapshots();
  const { exitCode, all } = await vmrig(["up", "--refresh"]);
  expect(exitCode, all).toBe(0);
  expect(all).toMatch(/linux-image-cloud-\w+ not upgraded, because qemu boots a kernel/);
  expect(all).toMatch(/boot {5}aged-1 pc1: rebooting, because a package asks for it/);
  expect(all).toMatch(/packages changed: pc1 1; done after/);
  expect(await greeter()).toBe(NEW);
  const [newBaseline, pristine, ...others] = await snapshots();
  expect([newBaseline === baseline, others]).toEqual([false, []]);
  expect(pristine).toMatch(/^pristine-\d{8}-\d{6}$/);
});

test("changes nothing when there is nothing to upgrade", async () => {
  const before = await snapshots();
  const { exitCode, all } = await vmrig(["up", "--refresh"]);
  expect(exitCode, all).toBe(0);
  expect(all).toContain("upgrade  aged-1: nothing to upgrade; the baseline stays as it is");
  expect(all).toContain("linux-image-cloud-");
  expect(await snapshots()).toEqual(before);
  expect(await greeter()).toBe(NEW);
});
