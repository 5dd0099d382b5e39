import { once } from "node:events";
import { rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { connect, type NetConnectOpts } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { echo, startService, talk } from "../../ssh/fixtures/service.test.kit.ts";
import { freePort } from "../../ssh/fixtures/sshd.test.kit.ts";
import { startMachine, useMachine, type TestMachine } from "../fixtures.test.kit.ts";

let rig: TestMachine;
useMachine((machine) => (rig = machine));

/** The machine has the network of this computer. */
const say = async (to: NetConnectOpts, words: string): Promise<string> =>
  text(connect(to).end(words));
const at = (port: number): NetConnectOpts => ({ port, host: "127.0.0.1" });

test("a port of the machine leads to a service that the test plays, until it is disposed of", async () => {
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

test("listens where it is told, on a port or a unix socket of the machine, and leads to one of this computer", async () => {
  const here = join(rig.server.folder, "here.sock");
  await startService(echo(), here);
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

test("a place that is taken is refused, on which machine and where", async () => {
  const { port } = await startService(echo());
  await expect(rig.pc1.reverse(port, port)).rejects.toMatchObject({
    code: "FORWARD_FAILED",
    message: expect.stringContaining(
      `The SSH server of pc1 does not listen on port ${port}.`,
    ) as string,
  });
  const path = join(rig.server.folder, "taken.sock");
  await using first = await rig.pc1.reverse(port, { path });
  await expect(rig.pc1.reverse(port, { path })).rejects.toMatchObject({ code: "FORWARD_FAILED" });
  expect(await say({ path: first.path }, "still there")).toBe("still there");
});

test("of a unix socket, what nobody listens at is out of the way; a file is not", async () => {
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

test("who connects to a service that is not there is hung up on, and the reason can be read", async () => {
  const nobody = await freePort();
  await using back = await rig.pc1.reverse(nobody);
  const socket = connect(at(back.port));
  socket.resume();
  await once(socket, "close");
  expect(back.refused).toMatchObject({
    code: "FORWARD_FAILED",
    message: expect.stringContaining(
      `This computer did not connect to localhost:${nobody}: connection refused.`,
    ) as string,
  });
});

test("is back on the next connection, at the same place, before the first command there", async () => {
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

test("is back at once when a test has the machine reboot, boot or go back", async () => {
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

test("a place that somebody else has taken in between is told, and the machine's commands go on", async () => {
  const { port } = await startService(echo());
  const path = join(rig.server.folder, "stolen.sock");
  await using back = await rig.pc1.reverse(port, { path });
  rig.hangUp();
  await rm(path);
  await startService(echo(), path);
  expect((await rig.pc1.$`echo on`).stdout).toBe("on");
  expect(back.refused).toMatchObject({ code: "FORWARD_FAILED" });
});

test("closed while it comes back, it listens no more", async () => {
  const { port } = await startService(echo());
  for (let round = 0; round < 10; round++) {
    const back = await rig.pc1.reverse(port);
    rig.hangUp();
    const command = rig.pc1.$`true`;
    await Promise.all([back.close(), command]);
    await expect(say(at(back.port), "late")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  }
});

test("ends with what it was made in, and with the lease", async () => {
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

test("a server that forbids it says what to set", async () => {
  await using strict = await startMachine({ sshd: { forwarding: false } });
  await expect(strict.pc1.reverse(80)).rejects.toMatchObject({
    code: "FORWARD_FAILED",
    hint: expect.stringContaining("AllowTcpForwarding") as string,
  });
});

test("one that plays no socket of this computer is told so, and a place that is none", async () => {
  await expect(rig.pc1.reverse(0)).rejects.toMatchObject({ code: "COMMAND_INVALID" });
  await expect(rig.pc1.reverse(80, 70_000)).rejects.toMatchObject({ code: "COMMAND_INVALID" });
  await expect(rig.pc1.reverse(80, { path: "relative" })).rejects.toMatchObject({
    code: "COMMAND_INVALID",
  });
});
