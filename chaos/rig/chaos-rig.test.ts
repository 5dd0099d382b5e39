import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { once } from "node:events";
import { expect, onTestFinished, test, vi } from "vitest";
import { processesOf, send } from "./processes.ts";

/** Creates a rig, starts a process in it, and prints the rig's folders. */
const SETS_A_SCENE = `
  import { spawn } from "node:child_process";
  import { openChaosRig } from ${JSON.stringify(new URL("chaos-rig.ts", import.meta.url).href)};
  const { root, runtime, env } = await openChaosRig({ copies: 1, ttlMs: 1500, machines: "fake" });
  spawn("sleep", ["600"], { env, cwd: "/", detached: true, stdio: "ignore" });
  console.log(JSON.stringify({ root, runtime }));
  setInterval(() => {}, 1000);
`;

test("a rig whose suite is killed is removed completely: processes, Redis, disk and folders", async () => {
  const suite = spawn(process.execPath, ["--input-type=module", "-e", SETS_A_SCENE], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void (suite.pid !== undefined && send(suite.pid, "SIGKILL")));
  const [line] = (await once(suite.stdout, "data")) as [Buffer];
  const { root, runtime } = JSON.parse(line.toString()) as { root: string; runtime: string };
  const commands = processesOf(root).map(({ command }) => command.split(" ")[0]);
  expect(new Set(commands)).toEqual(new Set(["redis-server", "sleep"]));

  suite.kill("SIGKILL");

  await vi.waitFor(
    () =>
      expect([existsSync(root), existsSync(runtime), processesOf(root)]).toEqual([
        false,
        false,
        [],
      ]),
    {
      timeout: 30_000,
      interval: 50,
    },
  );
});
