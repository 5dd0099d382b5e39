import { expect, test } from "vitest";
import { page, refusal, startCloud, type Answer } from "../call/cloud.test.kit.ts";
import { action, server, sshKey } from "../replies.test.kit.ts";
import { createServer, type NewServer } from "../servers.ts";
import { createSshKey } from "../ssh-keys.ts";

const labels = { "vmrig-rig": "pcs", "vmrig-owner": "team" };
const NEW: NewServer = {
  name: "pc1",
  server_type: "cx23",
  image: 101,
  location: "fsn1",
  ssh_keys: [1007],
  labels,
};
const CREATE = action({ id: 1, command: "create_server" });
const START = action({ id: 2, command: "start_server" });
const CREATED: Answer = {
  status: 201,
  body: { server: server({ labels }), action: CREATE, next_actions: [START], root_password: null },
};

test("a new server comes with all the actions that it needs", async () => {
  const cloud = await startCloud(() => CREATED);
  const { resource, actions } = await createServer(cloud.client, { server: NEW });
  expect(resource).toMatchObject({ id: 1001, name: "pc1", labels });
  expect(actions.map(({ command }) => command)).toEqual(["create_server", "start_server"]);
  expect(cloud.calls[0]?.body).toEqual({ ...NEW });
});

test("a root password is dropped", async () => {
  const cloud = await startCloud(() => ({
    body: { server: server(), action: CREATE, root_password: "0fkaDVJA6uLJSxbdhWg7" },
  }));
  const created = await createServer(cloud.client, { server: NEW });
  expect(JSON.stringify(created)).not.toContain("0fkaDVJA6uLJSxbdhWg7");
});

test.each<[string, Answer]>([
  ["cut", "cut"],
  ["504", refusal(504, "timeout")],
])(
  "after %s, the server that was created is found by its name, with its actions",
  async (_, lost) => {
    const cloud = await startCloud(({ line }) => {
      if (line === "GET /servers") return page("servers", [server({ labels })]);
      return line === "GET /servers/1001/actions" ? page("actions", [START, CREATE]) : lost;
    });
    const { resource, actions } = await createServer(cloud.client, { server: NEW });
    expect([resource.id, actions.map(({ id }) => id)]).toEqual([1001, [2, 1]]);
    expect(cloud.lines()).toEqual(["POST /servers", "GET /servers", "GET /servers/1001/actions"]);
    expect(cloud.calls[1]?.query.get("name")).toBe("pc1");
  },
);

test("a server that was not created is created by the second attempt", async () => {
  const cloud = await startCloud(({ line }, index) =>
    index === 0 ? "cut" : line === "GET /servers" ? page("servers", []) : CREATED,
  );
  await createServer(cloud.client, { server: NEW });
  expect(cloud.lines()).toEqual(["POST /servers", "GET /servers", "POST /servers"]);
});

test("a server of another owner with the same name is not taken for the lost one", async () => {
  const foreign = server({ labels: { ...labels, "vmrig-owner": "others" } });
  const cloud = await startCloud(({ line }, index) => {
    if (line === "GET /servers") return page("servers", [foreign]);
    if (line === "GET /servers/1001/actions") return page("actions", []);
    return index === 0 ? "cut" : refusal(409, "uniqueness_error");
  });
  await expect(createServer(cloud.client, { server: NEW })).rejects.toMatchObject({
    apiCode: "uniqueness_error",
  });
});

test("a kind without actions is found by its name alone", async () => {
  const cloud = await startCloud(({ line }) =>
    line === "POST /ssh_keys" ? "cut" : page("ssh_keys", [sshKey({ labels })]),
  );
  const key = { name: "k", labels, public_key: "ssh-ed25519 AAAA" };
  const { resource, actions } = await createSshKey(cloud.client, { key });
  expect([resource.id, actions]).toEqual([1007, []]);
  expect(cloud.lines()).toEqual(["POST /ssh_keys", "GET /ssh_keys"]);
});

test("labels that the API does not accept are refused before any call", async () => {
  const cloud = await startCloud(() => CREATED);
  const bad = { ...NEW, labels: { "vmrig-owner": "a b" } };
  await expect(createServer(cloud.client, { server: bad })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
  });
  expect(cloud.calls).toEqual([]);
});

test("user data is at most 32 KiB, counted in bytes", async () => {
  const cloud = await startCloud(() => CREATED);
  const fits = { ...NEW, user_data: "é".repeat(16_384) };
  await expect(createServer(cloud.client, { server: fits })).resolves.toBeDefined();
  const tooLong = { ...NEW, user_data: "é".repeat(16_385) };
  await expect(createServer(cloud.client, { server: tooLong })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    summary: 'The user data of the server "pc1" has 32770 bytes; the cloud accepts 32768.',
  });
  expect(cloud.calls).toHaveLength(1);
});
