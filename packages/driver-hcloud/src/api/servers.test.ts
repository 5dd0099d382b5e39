import { expect, test } from "vitest";
import { page, refusal, startCloud } from "./call/cloud.test.kit.ts";
import { action, server } from "./replies.test.kit.ts";
import {
  disableRescue,
  enableRescue,
  powerOff,
  protectServer,
  rebuildServer,
  requestReboot,
  requestShutdown,
} from "./server-actions.ts";
import { listServers, readServer, updateServer, waitForServerStatus } from "./servers.ts";

const of = { id: 1001, name: "pc1" };
const started = { status: 201, body: { action: action(), root_password: "0fkaDVJA6uLJ" } };

test("servers are found by their labels, escaped in the URL", async () => {
  const cloud = await startCloud(() => page("servers", [server()]));
  const labels = { "vmrig-rig": "pcs", "vmrig-copy": ["1", "2"] };
  const [found] = await listServers(cloud.client, { labels });
  expect(found).toMatchObject({ id: 1001, status: "running", location: { name: "fsn1" } });
  expect(cloud.calls[0]?.query.get("label_selector")).toBe("vmrig-rig=pcs,vmrig-copy in (1,2)");
});

test("a search without labels has no selector", async () => {
  const cloud = await startCloud(() => page("servers", []));
  await listServers(cloud.client);
  expect([...(cloud.calls[0]?.query.keys() ?? [])]).toEqual(["page", "per_page"]);
});

test("a search whose labels are empty is refused, because it would find every server", async () => {
  const cloud = await startCloud(() => page("servers", [server()]));
  await expect(listServers(cloud.client, { labels: {} })).rejects.toThrow("has no label");
  expect(cloud.calls).toEqual([]);
});

test("a server that does not exist is undefined; any other refusal is an error", async () => {
  const cloud = await startCloud((_, index) =>
    index === 0 ? refusal(404, "not_found") : refusal(401, "unauthorized"),
  );
  await expect(readServer(cloud.client, { id: 5 })).resolves.toBeUndefined();
  await expect(readServer(cloud.client, { id: 5 })).rejects.toMatchObject({
    code: "CLOUD_REFUSED",
    hint: expect.stringContaining("HCLOUD_TOKEN"),
  });
});

test("a server in a network only has no public addresses, and may have no image", async () => {
  const bare = server({ public_net: { ipv4: null, ipv6: null }, image: null, status: "new-state" });
  const cloud = await startCloud(() => ({ body: { server: bare } }));
  await expect(readServer(cloud.client, { id: 5 })).resolves.toMatchObject({
    public_net: { ipv4: null, ipv6: null },
    status: "new-state",
  });
});

test("new labels replace all earlier ones", async () => {
  const labels = { "vmrig-fence": "7" };
  const cloud = await startCloud(() => ({ body: { server: server({ labels }) } }));
  const updated = await updateServer(cloud.client, { of, change: { labels } });
  expect(updated.labels).toEqual(labels);
  expect(cloud.calls[0]).toMatchObject({ line: "PUT /servers/1001", body: { labels } });
});

test("protection from deletion and rebuilding is always changed together", async () => {
  const cloud = await startCloud(() => started);
  await protectServer(cloud.client, { of, isProtected: true });
  expect(cloud.calls[0]).toMatchObject({
    line: "POST /servers/1001/actions/change_protection",
    body: { delete: true, rebuild: true },
  });
});

test("the rescue system is enabled with keys; its root password is dropped, and nothing reboots", async () => {
  const cloud = await startCloud(() => started);
  const actions = await enableRescue(cloud.client, { of, ssh_keys: [1007] });
  expect(JSON.stringify(actions)).not.toContain("0fkaDVJA6uLJ");
  expect(cloud.lines()).toEqual(["POST /servers/1001/actions/enable_rescue"]);
  expect(cloud.calls[0]?.body).toEqual({ type: "linux64", ssh_keys: [1007] });
});

test("a rebuild without user data uses the old one again", async () => {
  const cloud = await startCloud(() => started);
  await rebuildServer(cloud.client, { of, image: 101 });
  expect(cloud.calls[0]).toMatchObject({ line: "POST /servers/1001/actions/rebuild" });
  expect(cloud.calls[0]?.body).toEqual({ image: 101 });
});

test.each([
  ["poweroff", "switch off", powerOff],
  ["reboot", "request a reboot of", requestReboot],
  ["shutdown", "request a shutdown of", requestShutdown],
  ["disable_rescue", "disable the rescue system of", disableRescue],
])("the error of %s says that it was to %s the server", async (path, verb, start) => {
  const cloud = await startCloud(() => refusal(422, "service_error"));
  await expect(start(cloud.client, { of })).rejects.toThrow(
    `Hetzner Cloud refused to ${verb} the server "pc1" (1001): service_error.`,
  );
  expect(cloud.lines()).toEqual([`POST /servers/1001/actions/${path}`]);
});

test("a shutdown is over only when the status is off", async () => {
  const cloud = await startCloud((_, index) => ({
    body: { server: server({ status: index < 3 ? "running" : "off" }) },
  }));
  const options = { of, status: "off", timeoutMs: 120_000 };
  await expect(waitForServerStatus(cloud.client, options)).resolves.toMatchObject({
    status: "off",
  });
  expect(cloud.calls).toHaveLength(4);
});

test("a guest that ignores the button ends the wait at its deadline, with the last status", async () => {
  const cloud = await startCloud(() => ({ body: { server: server() } }));
  const options = { of, status: "off", timeoutMs: 120_000 };
  await expect(waitForServerStatus(cloud.client, options)).rejects.toThrow(
    'Waited 120.0 s for the status "off" on the server "pc1" (1001); last seen: running.',
  );
});

test("a server that is deleted during the wait ends it at once", async () => {
  const cloud = await startCloud(() => refusal(404, "not_found"));
  const options = { of, status: "off", timeoutMs: 120_000 };
  await expect(waitForServerStatus(cloud.client, options)).rejects.toMatchObject({
    code: "MACHINE_MISSING",
  });
});
