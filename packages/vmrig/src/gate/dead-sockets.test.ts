import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { sweepDeadSockets } from "./dead-sockets.ts";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";

/** Creates a socket whose process was killed. */
async function deadSocket(path: string): Promise<void> {
  const program = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => console.log("listens"))`;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
}

test("removes the sockets of killed gates, and no other file", async () => {
  const folder = await tempFolder();
  await deadSocket(join(folder, "gate-dead"));
  await deadSocket(join(folder, "other-dead"));
  await writeFile(join(folder, "note"), "");
  const server = createServer().listen(join(folder, "gate-alive"));
  onTestFinished(() => void server.close());
  await once(server, "listening");

  await sweepDeadSockets(folder, Date.now() + 60_000);
  expect((await readdir(folder)).toSorted()).toEqual(["gate-alive", "note", "other-dead"]);
});

test("leaves a young socket alone: its gate may be about to listen", async () => {
  const folder = await tempFolder();
  await deadSocket(join(folder, "gate-young"));
  await sweepDeadSockets(folder, Date.now());
  expect(await readdir(folder)).toEqual(["gate-young"]);
});

test("ignores a missing folder", async () => {
  expect(await sweepDeadSockets(join(await tempFolder(), "gone"), Date.now())).toBeUndefined();
});
