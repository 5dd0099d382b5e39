import { once } from "node:events";
import { rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { connect, type NetConnectOpts } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../../ssh/fixtures/free-port.test.kit.ts";
import { echo, startService, talk } from "../../ssh/fixtures/service.test.kit.ts";
import { startMachine, useMachine, type TestMachine } from "../fixtures.test.kit.ts";

let rig: TestMachine;
useMachine((machine) => (rig = machine));

/** The machine shares the network of this computer. */
const say = async (to: NetConnectOpts, words: string): Promise<string> =>
  text(connect(to).end(words));
const at = (port: number): NetConnectOpts => ({ port, host: "127.0.0.1" });

test("a port of the machine reaches a service of the test until the reverse is disposed of", async () => {
  const { port } = await startService(
    createServer((request, response) => void response.end(`played ${request.url}`)),
  );
  let back: number;
  {
    await using mail = await rig.pc1.reverse(port);
    back = mail.port;
    expect(mail.url).toBe(`http://127.0.0.1:${back}`);
    expect((await rig.pc1.waitForHttp(`${mail.url}/inbox`)).body).toBe("played /inbox");
  }
  await expect(say(at(back), "late")).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

test("listens on the given port or unix socket of the machine, and reaches a port or socket of this computer", async () => {
  const here = join(rig.server.folder, "here.sock");
  await startService(echo(), { path: here });
  const wanted = await freePort();
  await using back = await rig.pc1.reverse({ path: here }, wanted);
  expect(back.port).toBe(wanted);
  expect(await say(at(wanted), "by port")).toBe("by port");
  const path = join(rig.server.folder, "there.sock");
  await using socket = await rig.pc1.reverse({ path: here }, { path });
  expect(socket.path).toBe(path);
  expect(socket).not.toHaveProperty("port");
  expect(await say({ path }, "by socket")).toBe("by socket");
});

test("rejects an occupied address and names machine and address", async () => {
  const { port } = await startService(echo());
  await expect(rig.pc1.reverse(port, port)).rejects.toMatchObject({
    code: "FORWARD_FAILED",
    message: expect.stringContaining(
      `The SSH server of pc1 refused to listen on port ${port}.`,
    ) as string,
  });
  const path = join(rig.server.folder, "taken.sock");
  await using first = await rig.pc1.reverse(port, { path });
  await expect(rig.pc1.reverse(port, { path })).rejects.toMatchObject({ code: "FORWARD_FAILED" });
  expect(await say({ path: first.path }, "still there")).toBe("still there");
});

test("replaces a stale unix socket, but not a file", async () => {
  const { port } = await startService(echo());
  const path = join(rig.server.folder, "stale.sock");
  await rig.pc1
    .$`python3 -c ${"import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])"} ${path}`;
  await using back = await rig.pc1.reverse(port, { path });
  expect(await say({ path: back.path }, "fresh")).toBe("fresh");
  const file = join(rig.server.folder, "precious");
  await writeFile(file, "precious");
  await expect(rig.pc1.reverse(port, { path: file })).rejects.toMatchObject({
    code: "FORWARD_FAILED",
  });
  expect((await stat(file)).size).toBe(8);
});

test("resets the client of a missing service and records the reason", async () => {
  const closedPort = await freePort();
  await using back = await rig.pc1.reverse(closedPort);
  const socket = connect(at(back.port));
  socket.resume();
  await once(socket, "close");
  expect(back.refused).toMatchObject({
    code: "FORWARD_FAILED",
    message: expect.stringContaining(
      `This computer could not connect to localhost:${closedPort}: connection refused.`,
    ) as string,
  });
});

test("listens on the next connection at the same address before its first command", async () => {
  const { port } = await startService(echo());
  await using back = await rig.pc1.reverse(port);
  const path = join(rig.server.folder, "again.sock");
  await using socket = await rig.pc1.reverse(port, { path });
  for (const _ of [1, 2, 3]) {
    rig.hangUp();
    await rig.pc1.$`true`;
    expect([back.refused, socket.refused]).toEqual([undefined, undefined]);
    expect(await say(at(back.port), "again")).toBe("again");
    expect(await say({ path }, "again")).toBe("again");
  }
});

test("listens again immediately after a reboot, a boot and a restore by the test", async () => {
  const { port } = await startService(echo());
  const cut = async (): Promise<void> => rig.hangUp();
  const control = {
    guest: "linux" as const,
    power: cut,
    link: cut,
    restore: cut,
    checkpoint: async (name: string) => ({ name, machines: ["pc1"] }),
    console: async () => "",
  };
  await using mine = await startMachine({
    control: { ...control, power: async () => mine.hangUp(), restore: async () => mine.hangUp() },
  });
  await using back = await mine.pc1.reverse(port);
  const checkpoint = await mine.pc1.checkpoint("before");
  for (const work of [
    () => mine.pc1.reboot(),
    () => mine.pc1.powerOn(),
    () => mine.pc1.restore(checkpoint),
  ]) {
    await work();
    expect(await say(at(back.port), "here")).toBe("here");
  }
});

test("records an address that another process took meanwhile, and commands keep working", async () => {
  const { port } = await startService(echo());
  const path = join(rig.server.folder, "stolen.sock");
  await using back = await rig.pc1.reverse(port, { path });
  rig.hangUp();
  await rm(path);
  await startService(echo(), { path });
  expect((await rig.pc1.$`echo on`).stdout).toBe("on");
  expect(back.refused).toMatchObject({ code: "FORWARD_FAILED" });
});

test("stays closed when it is closed during a reconnect", async () => {
  const { port } = await startService(echo());
  for (let round = 0; round < 10; round++) {
    const back = await rig.pc1.reverse(port);
    rig.hangUp();
    const command = rig.pc1.$`true`;
    await Promise.all([back.close(), command]);
    await expect(say(at(back.port), "late")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  }
});

test("ends with the test or hook that opened it, and with the lease", async () => {
  const service = await startService(
    talk(
      (socket) =>
        void socket
          .on("end", () => socket.end())
          .resume()
          .write("hello"),
    ),
  );
  const works: Array<() => Promise<void>> = [];
  const lease = new AbortController();
  await using mine = await startMachine({
    onCleanup: (work) => works.push(work),
    signal: lease.signal,
  });
  const ofTest = await mine.pc1.reverse(service.port);
  const client = connect(at(ofTest.port));
  onTestFinished(() => void client.destroy());
  client.on("error", () => {});
  await once(client, "data");
  expect(ofTest.connections).toBe(1);
  await works[0]?.();
  await service.quiet();
  await expect(say(at(ofTest.port), "late")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  await mine.pc1.reverse(service.port);
  lease.abort(new Error("the lease was lost"));
  await expect(mine.pc1.reverse(service.port)).rejects.toThrow("the lease was lost");
});

test("fails with the sshd setting when the server forbids it", async () => {
  await using strict = await startMachine({ sshd: { forwarding: false } });
  await expect(strict.pc1.reverse(80)).rejects.toMatchObject({
    code: "FORWARD_FAILED",
    hint: expect.stringContaining("AllowTcpForwarding") as string,
  });
});

test("rejects an invalid local target and an invalid address", async () => {
  await expect(rig.pc1.reverse(0)).rejects.toMatchObject({ code: "COMMAND_INVALID" });
  await expect(rig.pc1.reverse(80, 70_000)).rejects.toMatchObject({ code: "COMMAND_INVALID" });
  await expect(rig.pc1.reverse(80, { path: "relative" })).rejects.toMatchObject({
    code: "COMMAND_INVALID",
  });
});
