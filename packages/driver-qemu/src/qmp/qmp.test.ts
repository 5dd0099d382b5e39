import { expect, onTestFinished, test } from "vitest";
import { waitFor } from "vmrig/driver";
import { openQmp, type Qmp, type QmpOptions } from "./qmp.ts";
import { listen, type Client, type SocketServer } from "./socket-server.test.kit.ts";

interface Command {
  readonly execute: string;
  readonly id: number;
  readonly arguments?: Readonly<Record<string, unknown>>;
}

type Answers = Readonly<Record<string, (command: Command, client: Client) => unknown>>;

const GREETING = {
  QMP: { version: { qemu: { major: 7, minor: 2, micro: 22 }, package: "" }, capabilities: ["oob"] },
};

/**
 * Responds like QEMU: a greeting, a reply with the id of each command, events in between. Sends the
 * return value of an `answers` function unchanged, if there is one.
 */
function qemu(answers: Answers = {}): Promise<SocketServer> {
  return listen(
    ({ send }) => send(GREETING),
    (command: Command, client) => {
      client.send({ event: "NIC_RX_FILTER_CHANGED", timestamp: { seconds: 1, microseconds: 2 } });
      const answer = answers[command.execute];
      const reply = answer === undefined ? { return: {} } : answer(command, client);
      if (reply !== undefined) client.send({ ...(reply as object), id: command.id });
    },
  );
}

async function open(server: SocketServer, options: Partial<QmpOptions> = {}): Promise<Qmp> {
  const qmp = await openQmp({ path: server.path, machine: "pc1", ...options });
  onTestFinished(() => qmp[Symbol.asyncDispose]());
  return qmp;
}

/** Replies to `query-jobs`, one after the other; the last one repeats. */
function jobs(...rounds: readonly (Readonly<Record<string, unknown>> | undefined)[]): Answers {
  let id: unknown;
  let round = -1;
  return {
    "snapshot-load": (command) => {
      id = command.arguments?.["job-id"];
      return { return: {} };
    },
    "query-jobs": () => {
      round = Math.min(round + 1, rounds.length - 1);
      const job = rounds[round];
      const other = {
        id: "other-client",
        type: "snapshot-save",
        status: "concluded",
        "current-progress": 1,
        "total-progress": 1,
      };
      return {
        return:
          job === undefined
            ? [other]
            : [
                other,
                { id, type: "snapshot-load", "current-progress": 0, "total-progress": 1, ...job },
              ],
      };
    },
  };
}

test("receives the greeting, and sends commands and receives replies", async () => {
  const server = await qemu({ "human-monitor-command": () => ({ return: "VLAN\r\n" }) });
  const qmp = await open(server);
  expect(await qmp.execute("human-monitor-command", { "command-line": "info usernet" })).toBe(
    "VLAN\r\n",
  );
  expect(await qmp.execute("stop")).toEqual({});
  expect(server.received).toEqual([
    { execute: "qmp_capabilities", id: 1 },
    { execute: "human-monitor-command", id: 2, arguments: { "command-line": "info usernet" } },
    { execute: "stop", id: 3 },
  ]);
});

test("replies are matched to their commands in any order", async () => {
  let slow: (() => void) | undefined;
  const server = await qemu({
    slow: (command, { send }) => void (slow = () => send({ return: "slow", id: command.id })),
    quick: () => {
      setImmediate(() => slow?.());
      return { return: "quick" };
    },
  });
  const qmp = await open(server);
  expect(await Promise.all([qmp.execute("slow"), qmp.execute("quick")])).toEqual(["slow", "quick"]);
});

test("a command that QEMU rejects fails with QEMU's message, and the channel stays open", async () => {
  const qmp = await open(
    await qemu({
      cont: () => ({
        error: { class: "GenericError", desc: "Resetting the Virtual Machine is required" },
      }),
    }),
  );
  await expect(qmp.execute("cont")).rejects.toMatchObject({
    code: "QEMU_FAILED",
    summary:
      "QEMU's control channel for pc1 failed: GenericError: Resetting the Virtual Machine is required.",
  });
  expect(await qmp.execute("stop")).toEqual({});
});

test("fails at the deadline without a greeting: another client has the channel", async () => {
  const server = await listen(
    () => {},
    () => {},
  );
  await expect(open(server, { timeoutMs: 200 })).rejects.toMatchObject({
    code: "QEMU_FAILED",
    summary: expect.stringMatching(
      /^Waited \d+\.\d s for QEMU's control channel on pc1; last seen: no greeting\.$/,
    ),
  });
  await closed(server);
});

test("a missing socket is reported immediately", async () => {
  await expect(
    openQmp({ path: "/nowhere/pc1.qmp", machine: "pc1", timeoutMs: 600_000 }),
  ).rejects.toMatchObject({
    code: "QEMU_FAILED",
    summary: expect.stringContaining("connect ENOENT /nowhere/pc1.qmp"),
  });
});

test("a QEMU that hangs up before the greeting is reported immediately", async () => {
  const server = await listen(
    ({ socket }) => void socket.end(),
    () => {},
  );
  await expect(open(server, { timeoutMs: 600_000 })).rejects.toMatchObject({
    code: "QEMU_FAILED",
    summary: expect.stringContaining("the connection closed"),
  });
});

test("a QEMU that exits fails all pending and later commands", async () => {
  const qmp = await open(
    await qemu({ quit: (_, { socket }) => void socket.destroy(), wait: () => undefined }),
  );
  const outcomes = await Promise.allSettled([qmp.execute("wait"), qmp.execute("quit")]);
  for (const outcome of outcomes)
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "QEMU_FAILED" } });
  await expect(qmp.execute("stop")).rejects.toMatchObject({ code: "QEMU_FAILED" });
});

test("a QEMU that does not reply fails at the timeout", async () => {
  const qmp = await open(await qemu({ stop: () => undefined }), { replyMs: 200 });
  await expect(qmp.execute("stop")).rejects.toMatchObject({
    code: "QEMU_FAILED",
    summary: "QEMU's control channel for pc1 failed: no answer to stop within 0.2 s.",
  });
});

test("an invalid message closes the channel", async () => {
  const qmp = await open(await qemu({ stop: (_, { send }) => send("hello\r\n") }));
  await expect(qmp.execute("stop")).rejects.toMatchObject({
    code: "QEMU_FAILED",
    cause: expect.any(SyntaxError),
  });
});

test("a lost lease ends the wait for a greeting and for a reply with its reason", async () => {
  const lease = new AbortController();
  const reason = new Error("lost");
  const silent = await listen(
    () => {},
    () => lease.abort(reason),
  );
  const greeting = open(silent, { signal: lease.signal });
  const qmp = await open(await qemu({ stop: () => lease.abort(reason) }), { signal: lease.signal });
  await expect(qmp.execute("stop")).rejects.toBe(reason);
  await expect(greeting).rejects.toBe(reason);
  await expect(qmp.execute("cont")).rejects.toBe(reason);
});

test("a job is finished when it is concluded, and is then dismissed", async () => {
  const server = await qemu(
    jobs({ status: "created" }, { status: "running" }, { status: "concluded" }),
  );
  const qmp = await open(server);
  await qmp.job("snapshot-load", { tag: "baseline-1", vmstate: "disk", devices: ["disk"] });
  const commands = server.received as Command[];
  const load = commands.find(({ execute }) => execute === "snapshot-load");
  expect(load?.arguments).toMatchObject({
    tag: "baseline-1",
    vmstate: "disk",
    devices: ["disk"],
    "job-id": expect.stringMatching(/^vmrig-/),
  });
  expect(commands.map(({ execute }) => execute)).toEqual([
    "qmp_capabilities",
    "snapshot-load",
    "query-jobs",
    "query-jobs",
    "query-jobs",
    "job-dismiss",
  ]);
  expect(commands.at(-1)?.arguments).toEqual({ id: load?.arguments?.["job-id"] });
});

test("a failed job is dismissed too, and fails with QEMU's message", async () => {
  const server = await qemu(
    jobs({ status: "concluded", error: "Snapshot 'x' does not exist in one or more devices" }),
  );
  await expect((await open(server)).job("snapshot-load", { tag: "x" })).rejects.toMatchObject({
    code: "QEMU_FAILED",
    summary:
      "QEMU's control channel for pc1 failed: snapshot-load failed: Snapshot 'x' does not exist in one or more devices.",
  });
  expect(server.received.at(-1)).toMatchObject({ execute: "job-dismiss" });
});

test("a job that QEMU rejects fails with QEMU's message", async () => {
  const server = await qemu({
    "snapshot-load": () => ({
      error: { class: "GenericError", desc: "Parameter 'tag' is missing" },
    }),
  });
  await expect((await open(server)).job("snapshot-load", {})).rejects.toThrow(
    "Parameter 'tag' is missing",
  );
});

test("a job that vanishes fails immediately", async () => {
  const server = await qemu(jobs({ status: "running" }, undefined));
  await expect((await open(server)).job("snapshot-load", {})).rejects.toMatchObject({
    code: "QEMU_FAILED",
    summary: "QEMU's control channel for pc1 failed: its job snapshot-load vanished.",
  });
});

test("a job that does not end fails with its last state", async () => {
  const server = await qemu(jobs({ status: "running" }));
  await expect(
    (await open(server, { replyMs: 300 })).job("snapshot-load", {}),
  ).rejects.toMatchObject({
    code: "QEMU_FAILED",
    summary: expect.stringMatching(/QEMU's job snapshot-load on pc1; last seen: running\.$/),
  });
});

test("every job has a unique name", async () => {
  const server = await qemu(jobs({ status: "concluded" }));
  for (let turn = 0; turn < 2; turn++) {
    await using qmp = await openQmp({ path: server.path, machine: "pc1" });
    await qmp.job("snapshot-load", {});
    await qmp.job("snapshot-load", {});
  }
  const loads = (server.received as Command[]).filter(({ execute }) => execute === "snapshot-load");
  expect(new Set(loads.map((command) => command.arguments?.["job-id"])).size).toBe(4);
});

test("closing admits the next client", async () => {
  const server = await qemu();
  {
    await using qmp = await openQmp({ path: server.path, machine: "pc1" });
    await qmp.execute("stop");
    expect(server.open()).toBe(1);
  }
  await closed(server);
});

async function closed(server: SocketServer): Promise<void> {
  const left = await waitFor({
    what: "the connection to close",
    timeoutMs: 10_000,
    intervalMs: 5,
    probe: async () => (server.open() === 0 ? { value: 0 } : { seen: `${server.open()} open` }),
  });
  expect(left).toBe(0);
}
