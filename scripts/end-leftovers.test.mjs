import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const LEFTOVERS = fileURLToPath(new URL("end-leftovers.mjs", import.meta.url));

/**
 * Starts a process with a command line, which ends with the test at the latest.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {string} [name] First word of the command line.
 */
async function start(program, args, name = program) {
  const child = spawn(program, args, { argv0: name, stdio: "ignore" });
  const exited = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  await once(child, "spawn");
  return child;
}

/** @param {string} text */
async function end(text) {
  const child = spawn(process.execPath, [LEFTOVERS], { stdio: ["pipe", "ignore", "pipe"] });
  let errors = "";
  child.stderr.on("data", (data) => (errors += String(data)));
  child.stdin.end(text);
  const [code] = await once(child, "close");
  return { code, errors };
}

test("ends the programs of a test in its folders, and no other that names them", async () => {
  const folders = [
    await mkdtemp(join(tmpdir(), "vmrig-test-")),
    await mkdtemp(join(tmpdir(), "vmrig-test-")),
  ];
  const [first = "", second = ""] = folders;
  const log = join(first, "redis.log");
  const program = join(first, "wait.mjs");
  await Promise.all([
    writeFile(log, ""),
    writeFile(program, "setInterval(() => {}, 1000);"),
    writeFile(join(first, "qemu-system-x86_64"), ""),
  ]);
  const wait = ["--input-type=module", "--eval", "setInterval(() => {}, 1000)"];
  const ours = await Promise.all([
    start("sleep", ["3600"], `redis-server unixsocket:${first}/redis.sock`),
    start("tail", ["-f", "/dev/null", join(second, "disk")], "qemu-system-x86_64"),
    start("tail", ["-f", "/dev/null", join(second, "lan")], "/usr/bin/vde_switch"),
    start(process.execPath, [...wait, LEFTOVERS, second]),
  ]);
  const theirs = await Promise.all([
    start("tail", ["-f", log]),
    start("tail", ["-f", join(first, "qemu-system-x86_64")]),
    start(process.execPath, [program]),
  ]);
  const outcome = await end(folders.map((folder) => `${JSON.stringify([folder])}\n`).join(""));
  expect(outcome).toEqual({ code: 0, errors: "" });
  await expect
    .poll(() => ours.map(({ signalCode }) => signalCode))
    .toEqual(ours.map(() => "SIGKILL"));
  expect(theirs.map(({ signalCode, exitCode }) => signalCode ?? exitCode)).toEqual(
    theirs.map(() => null),
  );
  expect(folders.filter((folder) => existsSync(folder))).toEqual([]);
});

test.each(["/tmp", "/", "vmrig-test", "/tmp/../tmp"])("refuses the folder %s", async (folder) => {
  const one = await start("sleep", ["3600"], `redis-server unixsocket:${folder}/redis.sock`);
  const { code, errors } = await end(`${JSON.stringify([folder])}\n`);
  expect(code).toBe(1);
  expect(errors).toContain(`not a folder of a test: ${folder}`);
  expect(one.signalCode).toBeNull();
});
