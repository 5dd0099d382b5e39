import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../../ssh/fixtures/free-port.test.kit.ts";
import { echo, startService, talk } from "../../ssh/fixtures/service.test.kit.ts";
import { startMachine, useMachine, type TestMachine } from "../fixtures.test.kit.ts";

let rig: TestMachine;
useMachine((machine) => (rig = machine));

const say = async (port: number, words: string | Buffer): Promise<string> =>
  text(connect({ port, host: "127.0.0.1" }).end(words));

test("a local URL reaches a port of the machine until the forward is disposed of", async () => {
  const { port } = await startService(createServer((_, response) => void response.end("from pc1")));
  let way: number;
  {
    await using web = await rig.pc1.forward(port);
    way = web.port;
    expect(web.url).toBe(`http://127.0.0.1:${way}`);
    expect(await (await fetch(web.url)).text()).toBe("from pc1");
  }
  await expect(say(way, "late")).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

test("carries many binary connections at a time over one SSH connection", async () => {
  const { port, quiet } = await startService(echo());
  const logins = rig.server.logins();
  await using way = await rig.pc1.forward(port);
  const sent = Array.from({ length: 50 }, () => randomBytes(10_000).toString("base64"));
  expect(await Promise.all(sent.map((words) => say(way.port, words)))).toEqual(sent);
  await quiet();
  expect(rig.server.logins()).toBe(logins);
});

test("reaches a unix socket and any host that the machine reaches", async () => {
  const path = join(rig.server.folder, "service.sock");
  await startService(echo(), { path });
  await rig.pc1.root.$`chmod 777 ${path}`;
  await using socket = await rig.pc1.forward({ path });
  expect(await say(socket.port, "through the socket")).toBe("through the socket");
  const { port } = await startService(echo());
  await using host = await rig.pc1.forward({ host: "127.0.0.1", port });
  expect(await say(host.port, "by name")).toBe("by name");
});

test("resets the client of a missing service and records the reason", async () => {
  const port = await freePort();
  await using way = await rig.pc1.forward(port);
  const socket = connect(way.port, "127.0.0.1");
  await expect(once(socket, "close")).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(way.refused).toMatchObject({
    code: "FORWARD_FAILED",
    message: expect.stringContaining(`pc1 could not connect to localhost:${port}`) as string,
  });
});

test("counts its connections, and closes them on both sides", async () => {
  const service = await startService(
    talk(
      (socket) =>
        void socket
          .on("end", () => socket.end())
          .resume()
          .write("hello"),
    ),
  );
  const way = await rig.pc1.forward(service.port);
  const socket = connect(way.port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  await once(socket, "data");
  expect([way.connections, service.open()]).toEqual([1, 1]);
  const closed = once(socket, "end");
  await way.close();
  await expect(closed).rejects.toMatchObject({ code: "ECONNRESET" });
  await service.quiet();
  expect(way.connections).toBe(0);
  await way.close();
});

test("each side can end its half first, and a broken connection is not passed on as a regular end", async () => {
  const last = await startService(
    talk((socket) => void text(socket).then((all) => socket.end(`got ${all.length}`))),
  );
  await using second = await rig.pc1.forward(last.port);
  expect(await say(second.port, "x".repeat(100_000))).toBe("got 100000");
  const rude = await startService(talk((socket) => void socket.write("half", () => rig.hangUp())));
  await using broken = await rig.pc1.forward(rude.port);
  const socket = connect(broken.port, "127.0.0.1");
  socket.resume();
  await expect(once(socket, "end")).rejects.toMatchObject({ code: "ECONNRESET" });
});

test("survives its SSH connection: the next client uses a new one", async () => {
  const { port } = await startService(echo());
  await using way = await rig.pc1.forward(port);
  expect(await say(way.port, "one")).toBe("one");
  rig.hangUp();
  expect(await say(way.port, "two")).toBe("two");
});

test("fails immediately when the server forbids it", async () => {
  await using strict = await startMachine({ sshd: { forwarding: false } });
  await expect(strict.pc1.forward(80)).rejects.toMatchObject({
    code: "FORWARD_FAILED",
    hint: expect.stringContaining("AllowTcpForwarding") as string,
  });
});

test("ends with the test or hook that opened it, and with the lease", async () => {
  const { port } = await startService(echo());
  const works: Array<() => Promise<void>> = [];
  const lease = new AbortController();
  await using mine = await startMachine({
    onCleanup: (work) => works.push(work),
    signal: lease.signal,
  });
  const ofTest = await mine.pc1.forward(port);
  expect(works).toHaveLength(1);
  await works[0]?.();
  await expect(say(ofTest.port, "late")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  const ofLease = await mine.pc1.forward(port);
  lease.abort(new Error("the lease was lost"));
  await expect(say(ofLease.port, "late")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  await expect(mine.pc1.forward(port)).rejects.toThrow("the lease was lost");
});

test.for([0, -1, 65_536, 1.5, Number.NaN])("rejects the port %s", async (port) => {
  await expect(rig.pc1.forward(port)).rejects.toMatchObject({ code: "COMMAND_INVALID" });
});

test.for(["relative.sock", "/with\0nul", `/${"long".repeat(30)}`])(
  "rejects the unix socket %j",
  async (path) => {
    await expect(rig.pc1.forward({ path })).rejects.toMatchObject({ code: "COMMAND_INVALID" });
  },
);
