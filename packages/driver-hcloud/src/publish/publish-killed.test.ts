import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import type { ChildTask } from "./publish-child.test.kit.ts";
import { publishImage } from "./publish-image.ts";
import { prepareStage, type Stage } from "./publish.test.kit.ts";

vi.setConfig({ testTimeout: 60_000 });

const CHILD = fileURLToPath(new URL("publish-child.test.kit.ts", import.meta.url));

/** Publishes in another process. Returns when it has ended. */
function startChild({ double, image, options }: Stage): { pid: number; ended: Promise<unknown> } {
  const { endpoint, token } = double;
  const { login, device } = options.rescue ?? expect.unreachable();
  const task: ChildTask = { endpoint, token, image, device, ...login("") };
  const child = spawn(process.execPath, [CHILD, JSON.stringify(task)], { stdio: "inherit" });
  onTestFinished(() => void child.kill("SIGKILL"));
  return { pid: child.pid ?? expect.unreachable(), ended: once(child, "close") };
}

test.each([
  ["the key is created", 1],
  ["the server is created", 2],
  ["the rescue system is enabled", 3],
  ["the server is started", 4],
  ["the server is switched off", 5],
  ["the snapshot is requested", 6],
  ["the server is deleted", 7],
  ["the key is deleted", 8],
])("the next publish completes one that is killed when %s", async (_when, change) => {
  const stage = await prepareStage();
  const { client, double, backend, disk, options, left } = stage;
  const child = startChild(stage);
  double.killAfter(change, [child.pid]);
  await child.ended;
  const { id } = await publishImage(client, options);
  expect(await left()).toEqual({ servers: 0, keys: 0, images: [id] });
  const bytes = await readFile(backend.snapshot(id));
  expect(bytes.subarray(0, disk.length).equals(disk)).toBe(true);
});

test("the next publish completes one that is killed in the middle of the upload", async () => {
  const stage = await prepareStage();
  const { client, backend, options, lines, left } = stage;
  await backend.replace("gzip", '#!/bin/sh\necho upload > "$0.started"\nexec sleep 60\n');
  const child = startChild(stage);
  await vi.waitUntil(() => backend.hasRun("gzip"), { timeout: 30_000 });
  process.kill(child.pid, "SIGKILL");
  await child.ended;
  await backend.restore("gzip");
  const { id } = await publishImage(client, options);
  expect(lines.filter((line) => line.startsWith("image    removing"))).toEqual([
    expect.stringMatching(/removing the temporary server "vmrig-publish-\w{8}" \(\d+\) of an/),
    expect.stringMatching(/removing the temporary SSH key "vmrig-publish-\w{8}" \(\d+\) of an/),
  ]);
  expect(await left()).toEqual({ servers: 0, keys: 0, images: [id] });
});
