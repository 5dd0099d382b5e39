import { existsSync } from "node:fs";
import { mkdir, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { openFolders } from "../config/folders.ts";
import { Child } from "../lease/fixtures/child.ts";
import { waitFor } from "../wait/wait-for.ts";
import { connectGate } from "../protocol/client.ts";
import { startTimeOf } from "../local-files/process-identity.ts";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";
import { spawnGate, type GateProcess, type SpawnGateOptions } from "./spawn-gate.ts";

const RIG = `export default { name: "pcs", driver: { name: "none", declare() {} }, machines: { pc1: {}, pc2: {} }, rollback: "test" };\n`;

/** Creates a home for vmrig with a config in it. @returns the config's path */
async function home(config: string | undefined = RIG): Promise<string> {
  const root = await realpath(await tempFolder());
  vi.stubEnv("VMRIG_HOME", join(root, "home"));
  vi.stubEnv("VMRIG_CACHE", join(root, "cache"));
  const { runtime } = await openFolders();
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await rm(runtime, { recursive: true, force: true });
  });
  await mkdir(join(root, "project"));
  const file = join(root, "project", "vmrig.config.mjs");
  if (config !== undefined) await writeFile(file, config);
  return file;
}

async function spawn(
  config: string,
  options: Partial<SpawnGateOptions> = {},
): Promise<GateProcess & { readonly lines: readonly string[] }> {
  const lines: string[] = [];
  const gate = await spawnGate({ config, onLine: (line) => lines.push(line), ...options });
  onTestFinished(() => gate.close());
  return { ...gate, lines };
}

async function lives(pid: number | undefined): Promise<boolean> {
  return pid !== undefined && (await startTimeOf(pid)) !== undefined;
}

async function ended(pid: number | undefined): Promise<void> {
  await waitFor({
    what: `process ${pid} to end`,
    timeoutMs: 20_000,
    intervalMs: 20,
    probe: async () =>
      (await lives(pid)) ? { seen: "it is still running" } : { value: undefined },
  });
}

test("serves the rig of the config; closing ends the process and removes the socket", async () => {
  const { socket, pid, close } = await spawn(await home());
  const client = await connectGate(socket);
  expect(await client.hello()).toEqual({
    rig: "pcs",
    machines: ["pc1", "pc2"],
    rollback: "test",
    copies: 1,
    strict: false,
    onBusy: "wait",
    evidence: { files: [], secrets: [], timeoutMs: 10_000 },
  });
  await close();
  expect(await lives(pid)).toBe(false);
  expect(await readdir(dirname(socket))).toEqual([]);
  await expect(client.hello()).rejects.toMatchObject({ code: "GATE_LOST" });
});

test("the runner does not wait for the gate: a request before the gate is ready is answered later", async () => {
  const slow = `await new Promise((resolve) => setTimeout(resolve, 300));\n${RIG}`;
  const { socket } = await spawn(await home(slow));
  const client = await connectGate(socket);
  onTestFinished(() => client.close());
  expect(await client.hello()).toMatchObject({ rig: "pcs" });
});

test.each([
  [
    "a config with a mistake",
    'export default { name: "P" };',
    { code: "CONFIG_INVALID", message: expect.stringContaining("driver: is missing") },
  ],
  [
    "a config that throws",
    'throw new Error("no cloud today");',
    { code: "CONFIG_UNREADABLE", message: expect.stringContaining("no cloud today") },
  ],
])("%s fails every request with the reason", async (_title, config, error) => {
  const { socket, close } = await spawn(await home(config));
  const client = await connectGate(socket);
  await expect(client.hello()).rejects.toMatchObject(error);
  await expect(client.claim("file")).rejects.toMatchObject(error);
  await close();
});

test("a missing config fails every request with CONFIG_NOT_FOUND", async () => {
  const config = await home();
  await rm(config);
  const { socket } = await spawn(config);
  const client = await connectGate(socket);
  onTestFinished(() => client.close());
  await expect(client.hello()).rejects.toMatchObject({
    code: "CONFIG_NOT_FOUND",
    summary: `There is no config at ${config}.`,
  });
});

test("closing ends the gate even while the config never finishes loading", async () => {
  const { socket, pid, close } = await spawn(
    await home(`setInterval(() => {}, 1000);\nawait new Promise(() => {});\n${RIG}`),
  );
  (await connectGate(socket)).close();
  await close();
  expect(await lives(pid)).toBe(false);
  expect(existsSync(socket)).toBe(false);
});

test("closing ends the gate even when the config blocks its process for ever", async () => {
  const { pid, close, lines } = await spawn(await home(`console.log("busy");\nfor (;;);\n`), {
    leaveMs: 200,
  });
  await vi.waitUntil(() => lines.includes("busy"), { timeout: 20_000 });
  await close();
  expect(await lives(pid)).toBe(false);
});

test("the number of copies is read once, and again when the config has changed", async () => {
  const config = await home(RIG.replace("machines", "copies: 3, machines"));
  const first = await spawn(config);
  expect(await first.copies()).toBe(3);
  const known = await spawn(config);
  await (await known.client()).hello();
  process.kill(known.pid as number, "SIGKILL");
  expect(await known.copies()).toBe(3);
  await writeFile(config, RIG.replace("machines", "copies: 2, machines"));
  expect(await (await spawn(config)).copies()).toBe(2);
});

test("a config that cannot be loaded counts as one copy", async () => {
  expect(await (await spawn(await home("export default {};\n"))).copies()).toBe(1);
});

test("the output of the config appears as lines of the gate, including the last lines", async () => {
  const { socket, lines, close } = await spawn(
    await home(`process.stdout.write("to the one\\n");\nconsole.error("to the other");\n${RIG}`),
  );
  const client = await connectGate(socket);
  await client.hello();
  await close();
  expect(lines.toSorted()).toEqual(["gate     to the other", "to the one"]);
});

test("the gate ignores Ctrl-C of the terminal and leaves it to the runner", async () => {
  const { socket, pid } = await spawn(await home());
  const client = await connectGate(socket);
  onTestFinished(() => client.close());
  await client.hello();
  process.kill(pid ?? 0, "SIGINT");
  expect(await client.hello()).toMatchObject({ rig: "pcs" });
});

test.each(["SIGTERM", "SIGHUP"] as const)("exits cleanly on %s", async (signal) => {
  const death = Promise.withResolvers<string>();
  const { socket, pid } = await spawn(await home(), { onDeath: death.resolve });
  const client = await connectGate(socket);
  await client.hello();
  process.kill(pid ?? 0, signal);
  expect(await death.promise).toBe("exit code 0");
  expect(existsSync(socket)).toBe(false);
});

test("a killed gate is reported, its socket is removed, and closing it is no error", async () => {
  const death = Promise.withResolvers<string>();
  const { socket, pid, close } = await spawn(await home(), { onDeath: death.resolve });
  const client = await connectGate(socket);
  await client.hello();
  process.kill(pid ?? 0, "SIGKILL");
  expect(await death.promise).toBe("SIGKILL");
  await vi.waitUntil(() => !existsSync(socket), { timeout: 20_000 });
  await close();
});

test("closing the gate does not report a death", async () => {
  const deaths: string[] = [];
  const { close, pid } = await spawn(await home(), { onDeath: (how) => deaths.push(how) });
  await close();
  await close();
  expect([deaths, await lives(pid)]).toEqual([[], false]);
});

test.each(["SIGKILL", "SIGTERM"] as const)(
  "a runner that ends by %s ends its gate, and the socket is removed",
  async (signal) => {
    const config = await home();
    await using runner = new Child(new URL("./fixtures/runner.ts", import.meta.url).href, [config]);
    const { socket, pid } = (await runner.says("socket")) as { socket: string; pid: number };
    const client = await connectGate(socket);
    await client.hello();
    runner.signal(signal);
    await ended(pid);
    expect(existsSync(socket)).toBe(false);
    await expect(client.hello()).rejects.toMatchObject({ code: "GATE_LOST" });
  },
);

test("an unexpected error ends the gate and is printed as a bug", async () => {
  const death = Promise.withResolvers<string>();
  const { lines, close } = await spawn(
    await home(`setImmediate(() => { throw new TypeError("oops"); });\n${RIG}`),
    {
      onDeath: death.resolve,
    },
  );
  expect(await death.promise).toBe("exit code 1");
  await close();
  expect(lines[0]).toBe("bug      Unexpected TypeError: oops");
});
