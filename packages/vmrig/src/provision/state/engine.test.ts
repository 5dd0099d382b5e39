import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { tempFolder } from "../../local-files/temp-folder.test.kit.ts";
import { RedisServer } from "../../redis/fixtures/redis-server.ts";
import { waitFor } from "../../wait/wait-for.ts";
import { PCS_1, serve } from "./fixtures/backend.test.kit.ts";
import { initEngine, resource } from "./fixtures/engine.test.kit.ts";
import { redisStore } from "./stores/redis/redis-store.ts";

// Terraform on a computer that may be busy: each wait has its own deadline.
vi.setConfig({ testTimeout: 120_000 });

test("Terraform creates, changes and destroys resources, and each version is in the history", async () => {
  const { backend, store } = await serve();
  const folder = await tempFolder();
  const resources = `${resource("pc1")}${resource("pc2")}output "id" { value = terraform_data.pc1.id }\n`;
  const engine = await initEngine({ folder, resources, backend });
  const expectCode = async (code: number, ...args: readonly [string, ...string[]]) => {
    const { exitCode, output } = await engine.run(...args, "-no-color");
    expect([exitCode, code === exitCode ? "" : output]).toEqual([code, ""]);
    return output;
  };
  const plan = await expectCode(2, "plan", "-detailed-exitcode");
  expect(plan).toContain("2 to add, 0 to change, 0 to destroy");
  await expectCode(0, "apply", "-auto-approve");
  await expectCode(0, "plan", "-detailed-exitcode");
  expect(await expectCode(0, "output")).toMatch(/^id = "[\w-]+"/);
  await expectCode(0, "taint", "terraform_data.pc2");
  await expectCode(0, "apply", "-destroy", "-auto-approve");
  const history = await store.history(PCS_1);
  expect(history.map(({ summary, by, fence }) => [summary, by.who, fence])).toEqual([
    ["+0 -3 ~0", "alice", 10],
    ["+0 -0 ~1", "alice", 10],
    ["+2 -0 ~0", "alice", 10],
    ["created", "alice", 10],
  ]);
});

test("no file of Terraform contains the token, the address or the state", async () => {
  const { backend } = await serve();
  const folder = await tempFolder();
  const engine = await initEngine({ folder, resources: resource("pc1"), backend });
  await engine.run("plan", "-out=plan");
  expect((await engine.run("apply", "plan")).exitCode).toBe(0);
  const secrets = ["TF_HTTP_PASSWORD", "TF_HTTP_ADDRESS"].map((name) => backend.environment[name]);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  expect(names).toContain("terraform.tfstate");
  expect(names).not.toContain("errored.tfstate");
  for (const entry of entries.filter((one) => one.isFile())) {
    const text = await readFile(join(entry.parentPath, entry.name), "latin1");
    for (const secret of secrets) expect(text).not.toContain(secret);
    if (entry.name === "terraform.tfstate") expect(text).not.toContain("pc1");
  }
});

test("a later run with another port and token needs no new init", async () => {
  const first = await serve();
  const folder = await tempFolder();
  const resources = resource("pc1");
  const engine = await initEngine({ folder, resources, backend: first.backend });
  await engine.run("apply", "-auto-approve");
  await first.backend[Symbol.asyncDispose]();
  const second = await serve({ store: first.store, fence: 11 });
  const again = await initEngine({ folder, resources, backend: second.backend });
  expect((await again.run("plan", "-detailed-exitcode")).exitCode).toBe(0);
});

test("state push by hand is refused", async () => {
  const { backend, session, onRefused } = await serve();
  const folder = await tempFolder();
  const engine = await initEngine({ folder, resources: resource("pc1"), backend });
  await engine.run("apply", "-auto-approve");
  const { stdout } = await engine.run("state", "pull");
  const pushed = JSON.parse(stdout) as { readonly serial: number };
  const file = JSON.stringify({ ...pushed, serial: pushed.serial + 1, resources: [] });
  await writeFile(join(folder, "hand.tfstate"), file);
  const push = ["state", "push", "hand.tfstate"] as const;
  expect((await engine.run(...push)).exitCode).toBe(1);
  expect((await engine.run("state", "push", "-lock=false", "hand.tfstate")).exitCode).toBe(1);
  expect((await engine.run("state", "push", "-force", "hand.tfstate")).exitCode).toBe(1);
  expect(session.version).toBe(2);
  expect(onRefused).not.toHaveBeenCalled();
});

test("an apply outlasts a restart of Redis in its middle", async () => {
  const redis = await RedisServer.start({ persistence: "always" });
  onTestFinished(() => redis[Symbol.asyncDispose]());
  const store = await redisStore({ redis: { socketPath: redis.socketPath } });
  onTestFinished(() => store[Symbol.asyncDispose]());
  const { backend, onRefused } = await serve({ store });
  const folder = await tempFolder();
  const command = "touch started; until [ -e go ]; do sleep 0.05; done";
  const engine = await initEngine({ folder, resources: resource("pc1", command), backend });
  const applying = engine.run("apply", "-auto-approve", "-no-color");
  const until = (what: string, done: () => Promise<boolean>) =>
    waitFor({
      what,
      timeoutMs: 60_000,
      probe: async () => ((await done()) ? { value: undefined } : { seen: "not yet" }),
    });
  await until("the step to run", async () => (await readdir(folder)).includes("started"));
  await redis.kill();
  await writeFile(join(folder, "go"), "");
  await until("the write to fail", async () => backend.problem?.code === "REDIS_UNREACHABLE");
  await redis.start();
  expect(await applying).toMatchObject({ exitCode: 0 });
  expect((await store.read(PCS_1))?.text).toContain("pc1");
  expect([backend.problem, onRefused.mock.calls]).toEqual([undefined, []]);
});
