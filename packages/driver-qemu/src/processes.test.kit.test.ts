import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { endAll, processes } from "./processes.test.kit.ts";
import { tempFolder } from "./temp-folder.test.kit.ts";

test("a test that is killed leaves no process and no folder", async () => {
  const root = await tempFolder();
  onTestFinished(() => endAll(root));
  const kit = new URL("./processes.test.kit.ts", import.meta.url).href;
  const script = `import { spawn } from "node:child_process";
    import { endWithThisProcess } from ${JSON.stringify(kit)};
    const root = process.env.ROOT;
    endWithThisProcess(root);
    spawn("tail", ["-f", "/dev/null", root + "/disk"], { argv0: "qemu-system-x86_64", detached: true, stdio: "ignore" }).unref();
    console.log("started");
    setInterval(() => {}, 1000);`;
  const interrupted = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ROOT: root },
  });
  onTestFinished(() => void interrupted.kill("SIGKILL"));
  await once(interrupted.stdout, "data");
  await expect.poll(async () => (await processes(root)).length).toBe(1);
  interrupted.kill("SIGKILL");
  await expect.poll(() => processes(root), { timeout: 10_000 }).toEqual([]);
  await expect.poll(() => existsSync(root), { timeout: 10_000 }).toBe(false);
});
