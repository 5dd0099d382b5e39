import { expect, onTestFinished, test } from "vitest";
import { openGuestAgent, type GuestAgent, type GuestAgentOptions } from "./guest-agent.ts";
import { listen, type Client, type SocketServer } from "./socket-server.test.kit.ts";

interface Command {
  readonly execute: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

const SYNC = "guest-sync-delimited";
const KEY = "ssh-ed25519 AAAA";

/** Responds like qemu-ga: a 0xFF byte before the echo of a sync. */
function echo(client: Client, command: Command): void {
  client.send("\u00FF");
  client.send({ return: command.arguments["id"] });
}

function agent(onCommand: (command: Command, client: Client) => void): Promise<SocketServer> {
  return listen(() => {}, onCommand);
}

async function open(
  server: SocketServer,
  options: Partial<GuestAgentOptions> = {},
): Promise<GuestAgent> {
  const opened = await openGuestAgent({
    path: server.path,
    machine: "pc1",
    signal: new AbortController().signal,
    timeoutMs: 20_000,
    ...options,
  });
  onTestFinished(() => opened[Symbol.asyncDispose]());
  return opened;
}

/** Authorises {@link KEY} on a guest with these keys. Returns the keys that the agent should write. */
async function authorizeAmong(keys: readonly string[] | undefined): Promise<unknown> {
  const server = await agent((command, client) => {
    if (command.execute === SYNC) return echo(client, command);
    if (command.execute !== "guest-ssh-get-authorized-keys")
      return client.send({ return: { keys: [] } });
    client.send(
      keys === undefined
        ? {
            error: {
              class: "GenericError",
              desc: "Failed to open file: No such file or directory",
            },
          }
        : { return: { keys: keys.toReversed() } },
    );
  });
  await (await open(server)).authorize("vmrig", KEY);
  const written = (server.received as Command[]).find(
    ({ execute }) => execute === "guest-ssh-add-authorized-keys",
  );
  return written?.arguments;
}

const OWN = "ssh-ed25519 BBBB test";

test.each([
  ["a guest without the file", undefined, [`${KEY} vmrig-lease`, ""]],
  ["the key of an earlier lease", ["ssh-ed25519 CCCC vmrig-lease"], [`${KEY} vmrig-lease`, ""]],
  [
    "keys of tests and earlier leases",
    [OWN, "ssh-ed25519 CCCC vmrig-lease"],
    [OWN, `${KEY} vmrig-lease`, ""],
  ],
  ["the same key without vmrig's comment", [KEY], [KEY, `${KEY} vmrig-lease`, ""]],
])(
  "authorises the lease's key among %s, and ends the file with a newline",
  async (_what, keys, written) => {
    expect(await authorizeAmong(keys)).toEqual({ username: "vmrig", keys: written, reset: true });
  },
);

test("reports a reply that is not a list of keys", async () => {
  const server = await agent((command, client) =>
    command.execute === SYNC ? echo(client, command) : client.send({ return: { keys: 7 } }),
  );
  await expect((await open(server)).authorize("vmrig", KEY)).rejects.toMatchObject({
    code: "MACHINE_UNREACHABLE",
    message: expect.stringContaining('The guest agent of pc1 failed: it sent {"keys":7}.'),
  });
});

test("keeps the keys when the agent cannot list them", async () => {
  const desc = "Failed to open file: Permission denied";
  const server = await agent((command, client) =>
    command.execute === SYNC
      ? echo(client, command)
      : client.send({ error: { class: "GenericError", desc } }),
  );
  await expect((await open(server)).authorize("vmrig", KEY)).rejects.toMatchObject({
    message: expect.stringContaining(desc),
  });
  expect(server.received).toHaveLength(2);
});

test("a guest that does not allow to run sync is no failure", async () => {
  const error = { class: "GenericError", desc: "Command guest-exec has been disabled" };
  const server = await agent((command, client) =>
    command.execute === SYNC ? echo(client, command) : client.send({ error }),
  );
  await expect((await open(server)).flush("/home/vmrig/x")).resolves.toBeUndefined();
});

test("does not write keys that are right", async () => {
  expect(await authorizeAmong([OWN, `${KEY} vmrig-lease`])).toBeUndefined();
});

test("reseeds with fresh bytes, and waits until perl has exited", async () => {
  let asked = 0;
  const server = await agent((command, client) => {
    if (command.execute === SYNC) return echo(client, command);
    if (command.execute === "guest-exec") return client.send({ return: { pid: 71 } });
    asked += 1;
    client.send({ return: asked < 3 ? { exited: false } : { exited: true, exitcode: 0 } });
  });
  const opened = await open(server);
  await opened.reseed();
  expect(asked).toBe(3);
  asked = 2;
  await opened.reseed();
  const inputs = (server.received as Command[])
    .filter(({ execute }) => execute === "guest-exec")
    .map((command) => String(command.arguments["input-data"]));
  expect(inputs.map((input) => Buffer.from(input, "base64").length)).toEqual([64, 64]);
  expect(inputs[0]).not.toBe(inputs[1]);
});

test("a guest that cannot reseed is an error with perl's exit code", async () => {
  const server = await agent((command, client) => {
    if (command.execute === SYNC) return echo(client, command);
    if (command.execute === "guest-exec") return client.send({ return: { pid: 71 } });
    client.send({ return: { exited: true, exitcode: 2 } });
  });
  await expect((await open(server)).reseed()).rejects.toMatchObject({
    code: "MACHINE_UNREACHABLE",
    message: expect.stringContaining("perl exited with 2 while it reseeded"),
  });
});

test("awaits the reply to every request: the agent would retry an unread reply for ever", async () => {
  const unanswered = new Set<string>();
  const server = await agent((command, client) => {
    unanswered.add(command.execute);
    setTimeout(() => {
      unanswered.delete(command.execute);
      if (command.execute === SYNC) echo(client, command);
      else client.send({ return: { keys: [], pid: 1 } });
    }, 20);
  });
  {
    await using opened = await open(server);
    await opened.authorize("vmrig", KEY);
    await opened.flush("/home/vmrig/.ssh/authorized_keys");
  }
  expect([server.received.length, [...unanswered]]).toEqual([4, []]);
});

test.each([
  ["an unknown number", '{"return": 17}\n'],
  ["half an old message, then the delimiter", '{"return": {"na'],
  ["half an old message, with the rest on its own line", 'me": 1}}\n'],
  ["invalid messages", '[1, 2]\n"text"\nnull\n'],
  [
    "an error about a word that was cut off",
    '{"error": {"class": "GenericError", "desc": "Invalid JSON syntax"}}\n',
  ],
  ["bytes that are not text", "\u00FE\u0000\u00FF\u00FF\n\u00FF"],
  ["the reply to an old command", '{"return": {}}\n'],
])("drops %s and waits for the echo", async (_title, garbage) => {
  const server = await agent((command, client) => {
    if (command.execute !== SYNC) return client.send({ return: { keys: [] } });
    client.send(garbage);
    echo(client, command);
  });
  await expect((await open(server)).authorize("vmrig", KEY)).resolves.toBeUndefined();
});

test("an agent that is silent during boot is asked again, and responds later", async () => {
  let asked = 0;
  const server = await agent((command, client) => {
    if (command.execute !== SYNC) client.send({ return: { keys: [] } });
    else if (++asked === 2) echo(client, command);
  });
  await (await open(server)).authorize("vmrig", KEY);
  const tokens = (server.received as Command[])
    .filter(({ execute }) => execute === SYNC)
    .map((command) => command.arguments["id"]);
  expect(new Set(tokens).size).toBe(2);
});

test("an agent that replies to two requests late causes no mistaken reply to a command", async () => {
  const waiting: Command[] = [];
  const server = await agent((command, client) => {
    if (command.execute !== SYNC) return client.send({ return: { keys: [] } });
    waiting.push(command);
    if (waiting.length < 2) return;
    // Like a real agent: each 0xFF is a separate error, with a pause between the two.
    const [first, second] = waiting as [Command, Command];
    const stray = { error: { class: "GenericError", desc: "JSON parse error, stray '\u00FF'" } };
    client.send(stray);
    echo(client, first);
    setImmediate(() => {
      client.send(stray);
      echo(client, second);
    });
  });
  await expect((await open(server)).authorize("vmrig", KEY)).resolves.toBeUndefined();
});

test("an agent that never responds fails at the deadline", async () => {
  const server = await agent(() => {});
  await expect(open(server, { timeoutMs: 200 })).rejects.toMatchObject({
    code: "MACHINE_UNREACHABLE",
    summary: expect.stringMatching(
      /^Waited \d+\.\d s for the guest agent on pc1; last seen: no answer to guest-sync\.$/,
    ),
  });
});

test("a command that the guest rejects fails with its message", async () => {
  const server = await agent((command, client) =>
    command.execute === SYNC
      ? echo(client, command)
      : client.send({
          error: { class: "GenericError", desc: "failed to create directory '/home/vmrig/.ssh'" },
        }),
  );
  await expect((await open(server)).authorize("vmrig", KEY)).rejects.toMatchObject({
    code: "MACHINE_UNREACHABLE",
    summary: "The guest agent of pc1 failed: failed to create directory '/home/vmrig/.ssh'.",
  });
});

test("a QEMU that exits is reported immediately, during the wait and later", async () => {
  const dead = await listen(
    ({ socket }) => void socket.destroy(),
    () => {},
  );
  await expect(open(dead, { timeoutMs: 600_000 })).rejects.toMatchObject({
    code: "MACHINE_UNREACHABLE",
    // Either event may be noticed first.
    summary: expect.stringMatching(
      /^The guest agent of pc1 failed: (QEMU closed the connection|write EPIPE|read ECONNRESET)\.$/,
    ),
  });
  const dying = await agent((command, client) =>
    command.execute === SYNC ? echo(client, command) : client.socket.destroy(),
  );
  await expect((await open(dying)).authorize("vmrig", KEY)).rejects.toMatchObject({
    code: "MACHINE_UNREACHABLE",
    summary: expect.stringContaining("The guest agent of pc1 failed"),
  });
});

test("a missing socket is reported immediately", async () => {
  const options = {
    path: "/nowhere/pc1.agent",
    machine: "pc1",
    signal: new AbortController().signal,
    timeoutMs: 600_000,
  };
  await expect(openGuestAgent(options)).rejects.toMatchObject({
    code: "MACHINE_UNREACHABLE",
    summary: expect.stringContaining("connect ENOENT"),
  });
});

test("a lost lease ends the wait for the guest and for its reply with its reason", async () => {
  const reason = new Error("lost");
  const booting = new AbortController();
  const silent = await agent(() => booting.abort(reason));
  await expect(open(silent, { signal: booting.signal })).rejects.toBe(reason);
  const later = new AbortController();
  const mute = await agent((command, client) =>
    command.execute === SYNC ? echo(client, command) : later.abort(reason),
  );
  await expect((await open(mute, { signal: later.signal })).authorize("vmrig", KEY)).rejects.toBe(
    reason,
  );
});
