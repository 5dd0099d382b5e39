import { readFile } from "node:fs/promises";
import { expect, onTestFinished, test } from "vitest";
import { tempFolder } from "../../../packages/vmrig/src/local-files/temp-folder.test.kit.ts";
import { generateKeyPair } from "../../../packages/vmrig/src/ssh/keys.ts";
import { controlFiles } from "../folder.ts";
import type { Keys } from "../keys.ts";
import { BootingServer } from "./booting-server.test.kit.ts";
import { openServer, type OpenServerOptions } from "./open-server.ts";
import { readPin } from "./pin.ts";

interface Scene {
  readonly server: BootingServer;
  readonly options: OpenServerOptions;
}

async function scene(): Promise<Scene> {
  const keys: Keys = { control: generateKeyPair(), firstHost: generateKeyPair() };
  const server = await BootingServer.start(keys.firstHost);
  onTestFinished(() => server[Symbol.asyncDispose]());
  const files = controlFiles(await tempFolder());
  const options = {
    at: { host: "127.0.0.1", port: server.port },
    server: "42",
    files,
    keys,
    signal: new AbortController().signal,
    say: () => {},
  };
  return { server, options };
}

async function open(options: OpenServerOptions): Promise<void> {
  await using session = await openServer(options);
  await session.run("true", { task: "look", timeoutMs: 5000 });
}

/** Verbs of `vmrig-host-key` that the server was told. */
const told = ({ commands }: BootingServer): string[] =>
  commands.flatMap((line) => /^vmrig-host-key (\w+)/.exec(line)?.[1] ?? []);

test("the first connection pins the host key that the server made, for this server and for ssh", async () => {
  const { server, options } = await scene();
  await open(options);
  const { knownHosts } = options.files;
  const hostKey = server.next.publicKey;
  expect(await readPin(knownHosts)).toEqual({ server: "42", hostKey });
  expect(await readFile(knownHosts, "utf8")).toBe(
    `[127.0.0.1]:${server.port} ${hostKey} server-42\n`,
  );
  expect(told(server)).toEqual(["make", "enter"]);
});

test("later connections accept the pinned key only", async () => {
  const { server, options } = await scene();
  await open(options);
  server.hostKey = generateKeyPair();
  await expect(open(options)).rejects.toMatchObject({ code: "HOST_KEY_MISMATCH" });
  expect(told(server)).toEqual(["make", "enter"]);
});

test("a server with neither key is told nothing", async () => {
  const { server, options } = await scene();
  server.hostKey = generateKeyPair();
  await expect(open(options)).rejects.toMatchObject({ code: "HOST_KEY_MISMATCH" });
  expect(server.commands).toEqual([]);
  expect(await readPin(options.files.knownHosts)).toBeUndefined();
});

test.each(["cloud-init", "make", "enter"])(
  "a connection that is cut at %s is made up for by the next call",
  async (step) => {
    const { server, options } = await scene();
    server.beforeCommand = (line) => {
      if (line.includes(step)) throw new Error("cut");
    };
    await expect(open(options)).rejects.toThrow();
    server.beforeCommand = () => {};
    await open(options);
    expect(server.hostKey).toBe(server.next);
  },
);

test("another server starts from the first key again", async () => {
  const { server, options } = await scene();
  await open(options);
  const another = await BootingServer.start(options.keys.firstHost);
  onTestFinished(() => another[Symbol.asyncDispose]());
  await open({ ...options, server: "43", at: { host: "127.0.0.1", port: another.port } });
  expect(await readPin(options.files.knownHosts)).toEqual({
    server: "43",
    hostKey: another.next.publicKey,
  });
  expect(told(server)).toEqual(["make", "enter"]);
});
