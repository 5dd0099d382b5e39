import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { CopySpec } from "../../driver/driver.ts";
import { guardCopy } from "./copy-guard.ts";
import {
  hasNamespaces,
  inNewPidNamespace,
  moduleUrl,
} from "../../local-files/pid-namespace.test.kit.ts";
import { identifyProcess } from "../../local-files/process-identity.ts";
import { tempFolder } from "../../local-files/temp-folder.test.kit.ts";

async function copy(): Promise<CopySpec> {
  const folder = await tempFolder();
  return {
    rig: "pcs",
    copy: "pcs-1",
    folder,
    runtimeFolder: folder,
    cacheFolder: folder,
    machines: [],
  };
}

const EMBEDDED = { id: "one", shown: "unix:/run/redis.sock" };
const SHARED = { id: "other", shown: "redis://ci:6379" };

/** Writes the note of another process that has leased the copy. */
async function otherHolder(
  spec: CopySpec,
): Promise<{ end(): Promise<void>; readonly pid: number }> {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  const exited = once(child, "exit");
  const end = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
  };
  onTestFinished(end);
  const pid = child.pid as number;
  await writeFile(
    join(spec.folder, "leased-through.json"),
    JSON.stringify({ store: SHARED.id, shown: SHARED.shown, ...(await identifyProcess(pid)) }),
  );
  return { pid, end };
}

test("machines that a living process holds through another Redis are refused, with both addresses", async () => {
  const spec = await copy();
  const { pid, end } = await otherHolder(spec);
  await expect(guardCopy(spec, EMBEDDED)).rejects.toMatchObject({
    code: "REDIS_SPLIT",
    summary: `Process ${pid} leases the machines of pcs-1 through a different Redis.`,
    details: ["other process: redis://ci:6379", "this process: unix:/run/redis.sock"],
  });
  await end();
  await expect(guardCopy(spec, EMBEDDED)).resolves.toBeTypeOf("function");
});

test("through the same Redis the lease decides", async () => {
  const spec = await copy();
  await otherHolder(spec);
  await expect(guardCopy(spec, SHARED)).resolves.toBeTypeOf("function");
});

test("releasing the lease removes its own note, and no other", async () => {
  const spec = await copy();
  const free = await guardCopy(spec, EMBEDDED);
  await free();
  expect(await readdir(spec.folder)).toEqual(["in-use"]);
  const late = await guardCopy(spec, EMBEDDED);
  await otherHolder(spec);
  await late();
  expect(await readdir(spec.folder)).toEqual(["in-use", "leased-through.json"]);
});

test("a truncated note blocks no run", async () => {
  const spec = await copy();
  await writeFile(join(spec.folder, "leased-through.json"), '{"store":');
  await expect(guardCopy(spec, EMBEDDED)).resolves.toBeTypeOf("function");
});

/** Reserves the copy in another PID namespace, as the gate of a container does, until it ends. */
const GUARD = `import { guardCopy } from ${moduleUrl("./copy-guard.ts", import.meta.url)};
  const [folder] = process.argv.slice(1);
  await guardCopy({ copy: "pcs-1", folder }, { id: "other", shown: "redis://ci:6379" });
  console.log("guarded");
  setInterval(() => {}, 1000);`;

test.runIf(hasNamespaces)(
  "machines that a container uses are refused, through any Redis",
  async () => {
    const spec = await copy();
    const container = inNewPidNamespace(GUARD, [spec.folder]);
    await container.line();
    for (const store of [EMBEDDED, SHARED])
      await expect(guardCopy(spec, store)).rejects.toMatchObject({
        code: "HOME_SHARED",
        summary: "Another container uses the machines of pcs-1.",
      });
    await container.end();
    await expect(guardCopy(spec, EMBEDDED)).resolves.toBeTypeOf("function");
  },
);

test("a note of a process whose pid another one has now blocks no run", async () => {
  const spec = await copy();
  const { pid } = await otherHolder(spec);
  const later = { ...(await identifyProcess(pid)), startTime: "1" };
  await writeFile(
    join(spec.folder, "leased-through.json"),
    JSON.stringify({ store: SHARED.id, shown: SHARED.shown, ...later }),
  );
  await expect(guardCopy(spec, EMBEDDED)).resolves.toBeTypeOf("function");
});
