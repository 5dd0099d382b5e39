import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startMachine } from "../machine/fixtures.test.kit.ts";
import { createMachine, type Machine } from "../machine/machine.ts";
import { collectEvidence, type CollectOptions } from "./collect.ts";
import { createSecrets } from "./secrets.ts";
import { createTranscript } from "./transcript.ts";

/** A machine that never answers, because it hangs or has no network. */
const hung: Machine = createMachine({
  name: "pc2",
  address: "10.77.0.12",
  user: "vmrig",
  connect: () => new Promise(() => {}),
});

const collect = (options: Partial<CollectOptions>): ReturnType<typeof collectEvidence> => {
  const secrets = createSecrets();
  return collectEvidence({
    copy: "pcs-1",
    machines: {},
    transcript: createTranscript(secrets),
    since: new Date(),
    files: [],
    console: (name) => Promise.resolve(`the console of ${name}\n`),
    secrets,
    timeoutMs: 5_000,
    ...options,
  });
};

test("a machine that hangs loses its own parts only", async () => {
  const { pc1, server, [Symbol.asyncDispose]: end } = await startMachine();
  onTestFinished(end);
  const path = join(server.folder, "app.log");
  await writeFile(path, "output of the app\n");
  const files = ["pc1", "pc2"].map((machine) => ({ machine, path }));
  const { text, highlights } = await collect({
    machines: { pc1, pc2: hung },
    files,
    timeoutMs: 2_000,
  });
  expect(text).toContain(`=== ${path} of pc1 ===\noutput of the app\n`);
  expect(text).toContain(`=== ${path} of pc2 ===\n(not available: no answer within 2 s)\n`);
  expect(text).toContain("=== journal of pc2 ===\n(not available: no answer within 2 s)\n");
  expect(text).toContain("=== console of pc2 ===\nthe console of pc2\n");
  expect(highlights).toContain(
    `not available: failed or pending units of pc2, journal of pc2, ${path} of pc2: no answer within 2 s`,
  );
});

test("a machine with an unresponsive connection keeps its console and its commands in the evidence", async () => {
  const transcript = createTranscript(createSecrets());
  const {
    pc1,
    written,
    [Symbol.asyncDispose]: end,
  } = await startMachine({ observer: () => transcript.observer });
  onTestFinished(end);
  // The process that serves this connection.
  const stuck = pc1.$`cd folder; echo before it hung; kill -STOP $PPID; echo hung >hung; sleep 600`;
  stuck.catch(() => {});
  await written("hung");
  const { text, highlights } = await collect({ machines: { pc1 }, transcript, timeoutMs: 500 });
  expect(text).toMatch(/kill -STOP \$PPID; echo hung >hung; sleep 600 → still running\n/);
  expect(text).toContain("=== console of pc1 ===\nthe console of pc1\n");
  expect(highlights).toContain(
    "not available: failed or pending units of pc1, journal of pc1: no answer within 0.5 s",
  );
});

test("a console that never ends and a missing console are reported as not available", async () => {
  const console: CollectOptions["console"] = (name) =>
    name === "pc1" ? new Promise(() => {}) : Promise.reject(new Error("no such thing."));
  const { text } = await collect({ machines: { pc1: hung, pc2: hung }, console, timeoutMs: 100 });
  expect(text).toContain("=== console of pc1 ===\n(not available: no answer within 0.1 s)\n");
  expect(text).toContain("=== console of pc2 ===\n(not available: no such thing)\n");
});

test("a large file is cut to its end, with a note of its size", async () => {
  const { pc1, server, [Symbol.asyncDispose]: end } = await startMachine();
  onTestFinished(end);
  const path = join(server.folder, "large.log");
  await writeFile(path, `first\n${"x".repeat(300_000)}\nlast\n`);
  const { text } = await collect({ machines: { pc1 }, files: [{ machine: "pc1", path }] });
  expect(text).toContain("(the last 262144 of 300012 bytes)\nxxx");
  expect(text).toContain("xxx\nlast\n");
  expect(text).not.toContain("first");
});

test("terminal colours and invalid control characters are removed", async () => {
  const { text } = await collect({
    machines: { pc1: hung },
    console: async () => "\u001b[1;31merror\u001b[0m: \u0000\u0007done",
    timeoutMs: 100,
  });
  expect(text).toContain("\nerror: done\n");
});
