import { expect, onTestFinished, test } from "vitest";
import { openGuestAgent, type GuestAgent, type GuestAgentOptions } from "./guest-agent.ts";
import { listen, type Client, type SocketServer } from "./socket-server.test.kit.ts";

interface Order {
  readonly execute: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

const SYNC = "guest-sync-delimited";
const KEY = "ssh-ed25519 AAAA";

/** Responds like qemu-ga: a 0xFF byte before the echo of a sync. */
function echo(client: Client, order: Order): void {
  client.say("\u00FF");
  client.say({ return: order.arguments["id"] });
}

function agent(onOrder: (order: Order, client: Client) => void): Promise<SocketServer> {
  return listen(() => {}, onOrder);
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

test("makes a key the only authorised key of a user", async () => {
  const server = await agent((order, client) =>
    order.execute === SYNC ? echo(client, order) : client.say({ return: {} }),
  );
  const opened = await open(server);
  await opened.authorize("vmrig", KEY);
  expect(server.heard).toContainEqual({
    execute: "guest-ssh-add-authorized-keys",
    arguments: { username: "vmrig", keys: [KEY], reset: true },
  });
});

test("awaits the reply to every request: the agent would retry an unread reply for ever", async () => {
  const unanswered = new Set<string>();
  const server = await agent((order, client) => {
    unanswered.add(order.execute);
    setTimeout(() => {
      unanswered.delete(order.execute);
      if (order.execute === SYNC) echo(client, order);
      else client.say({ return: {} });
    }, 20);
  });
  {
    await using opened = await open(server);
    await opened.authorize("vmrig", KEY);
  }
  expect([server.heard.length, [...unanswered]]).toEqual([2, []]);
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
  const server = await agent((order, client) => {
    if (order.execute !== SYNC) return client.say({ return: {} });
    client.say(garbage);
    echo(client, order);
  });
  await expect((await open(server)).authorize("vmrig", KEY)).resolves.toBeUndefined();
});

test("an agent that is silent during boot is asked again, and responds later", async () => {
  let asked = 0;
  const server = await agent((order, client) => {
    if (order.execute !== SYNC) client.say({ return: {} });
    else if (++asked === 2) echo(client, order);
  });
  await (await open(server)).authorize("vmrig", KEY);
  const tokens = (server.heard as Order[])
    .filter(({ execute }) => execute === SYNC)
    .map((order) => order.arguments["id"]);
  expect(new Set(tokens).size).toBe(2);
});

test("an agent that replies to two requests late causes no mistaken reply to a command", async () => {
  const waiting: Order[] = [];
  const server = await agent((order, client) => {
    if (order.execute !== SYNC) return client.say({ return: {} });
    waiting.push(order);
    if (waiting.length < 2) return;
    // Like a real agent: each 0xFF is a separate error, with a pause between the two.
    const [first, second] = waiting as [Order, Order];
    const stray = { error: { class: "GenericError", desc: "JSON parse error, stray '\u00FF'" } };
    client.say(stray);
    echo(client, first);
    setImmediate(() => {
      client.say(stray);
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
  const server = await agent((order, client) =>
    order.execute === SYNC
      ? echo(client, order)
      : client.say({
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
  const dying = await agent((order, client) =>
    order.execute === SYNC ? echo(client, order) : client.socket.destroy(),
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
  const mute = await agent((order, client) =>
    order.execute === SYNC ? echo(client, order) : later.abort(reason),
  );
  await expect((await open(mute, { signal: later.signal })).authorize("vmrig", KEY)).rejects.toBe(
    reason,
  );
});
