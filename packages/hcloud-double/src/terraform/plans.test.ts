import { expect, test } from "vitest";
import { copy, server, type Attributes } from "./configuration.test.kit.ts";
import { changesOf, startEngine, type Engine } from "./engine.test.kit.ts";

const one = (more: Attributes = {}): object => copy({ one: server("one", "10.0.1.5", more) });
const ADDRESS = "hcloud_server.one";
const NETWORK = { subnet_id: "${hcloud_network_subnet.s.id}", ip: "10.0.1.5" };

/** Returns an engine with one server. */
async function applied(more: Attributes = {}): Promise<Engine> {
  const engine = await startEngine();
  await engine.write(one(more));
  await engine.apply();
  return engine;
}

async function planned(engine: Engine, configuration: object): Promise<Record<string, string>> {
  await engine.write(configuration);
  return changesOf(await engine.plan());
}

async function call(
  { double }: Engine,
  method: string,
  path: string,
  body?: object,
): Promise<void> {
  const response = await fetch(`${double.endpoint}${path}`, {
    method,
    headers: { authorization: `Bearer ${double.token}` },
    ...(body && { body: JSON.stringify(body) }),
  });
  expect(response.status).toBeLessThan(300);
  await double.project.actions.settle();
}

test("another image, user data, key or location replaces a server", async () => {
  const engine = await applied();
  const replaced = [
    { image: "debian-13" },
    { user_data: "#cloud-config\n{}\n" },
    { ssh_keys: ["k"] },
    { location: "nbg1" },
  ];
  for (const more of replaced)
    expect(await planned(engine, one(more))).toEqual({
      [ADDRESS]: `delete create ${Object.keys(more)[0]}`,
    });
  const ignore_changes = ["image", "user_data", "ssh_keys"];
  const ignored = { ...replaced[0], ...replaced[1], lifecycle: { ignore_changes } };
  expect(await planned(engine, one(ignored))).toEqual({});
});

test("labels, name, type, addresses and protection of a server change in place", async () => {
  const engine = await applied();
  for (const [more, change] of [
    [{ labels: {} }, "labels"],
    [{ name: "uno" }, "name"],
    [{ server_type: "cx33" }, "server_type"],
    [{ public_net: [{ ipv6_enabled: true }] }, "public_net"],
    [{ network: [{ ...NETWORK, ip: "10.0.1.9", alias_ips: [] }] }, "network"],
    [
      { delete_protection: false, rebuild_protection: false },
      "delete_protection rebuild_protection",
    ],
  ] as const)
    expect(await planned(engine, one(more))).toEqual({ [ADDRESS]: `update ${change}` });
});

test("a network without `alias_ips` is a change on every plan, but not by the network's id", async () => {
  const engine = await applied({ network: [NETWORK] });
  expect(changesOf(await engine.plan())).toEqual({ [ADDRESS]: "update network" });
  await engine.apply();
  expect(changesOf(await engine.plan())).toEqual({ [ADDRESS]: "update network" });
  expect(await planned(engine, one())).toEqual({});
  await engine.write(one({ network: [{ network_id: "${hcloud_network.n.id}", ip: "10.0.1.5" }] }));
  await engine.apply();
  expect(changesOf(await engine.plan())).toEqual({});
});

test("the last rule of a firewall cannot be removed: it stays, and each plan wants to", async () => {
  const engine = await applied();
  await engine.write(copy({}, { firewall: { rule: [] } }));
  await engine.run(["apply", "-auto-approve", "-target=hcloud_firewall.f"]);
  expect(engine.double.project.firewalls.all[0]?.rules).toHaveLength(1);
  const changes = changesOf(await engine.plan());
  expect(changes).toMatchObject({ "hcloud_firewall.f": "update rule" });
});

test("the state has only a hash of the user data", async () => {
  const engine = await applied();
  const { user_data } = (await engine.state())[ADDRESS]?.attributes ?? {};
  expect(user_data).toBe("wK9leoEi2xH7hUH5D+q3hxwsPXE=");
  expect(engine.double.project.servers.all[0]?.userData).toBe("#cloud-config\n");
});

test("a label from elsewhere is removed, unless the configuration ignores it", async () => {
  const engine = await applied();
  const [{ id, labels } = { id: 0, labels: {} }] = engine.double.project.servers.all;
  await call(engine, "PUT", `/servers/${id}`, { labels: { ...labels, "vmrig-fence": "7" } });
  expect(await planned(engine, one())).toEqual({ [ADDRESS]: "update labels" });
  const ignoring = { lifecycle: { ignore_changes: ['labels["vmrig-fence"]'] } };
  expect(await planned(engine, one(ignoring))).toEqual({});
  await engine.write(one({ ...ignoring, labels: { changed: "1" } }));
  await engine.apply();
  expect(engine.double.project.servers.all[0]?.labels).toEqual({
    changed: "1",
    "vmrig-fence": "7",
  });
});

test("a server that is off is no change, and one that was deleted by hand is created again", async () => {
  const engine = await applied({ delete_protection: false, rebuild_protection: false });
  const unprotected = one({ delete_protection: false, rebuild_protection: false });
  const [{ id } = { id: 0 }] = engine.double.project.servers.all;
  await call(engine, "POST", `/servers/${id}/actions/poweroff`);
  expect(await planned(engine, unprotected)).toEqual({});
  await call(engine, "DELETE", `/servers/${id}`);
  expect(await planned(engine, unprotected)).toEqual({ [ADDRESS]: "create" });
});

test("finds an image by name or label, and says which one is missing", async () => {
  const engine = await startEngine();
  const image = (config: object): object => ({ data: { hcloud_image: { i: config } } });
  await engine.write({
    ...image({ name: "debian-12", with_architecture: "arm" }),
    output: { id: { value: "${data.hcloud_image.i.id}" } },
  });
  await engine.apply();
  const arm = engine.double.project.images.all.find(
    ({ name, architecture }) => name === "debian-12" && architecture === "arm",
  );
  expect((await engine.run(["output", "-raw", "id"])).output).toBe(String(arm?.id));
  await engine.write(image({ with_selector: "vmrig-image=none", most_recent: true }));
  const { code, output } = await engine.run(["plan"]);
  expect([code, output]).toEqual([
    1,
    expect.stringContaining("using label selector: vmrig-image=none"),
  ]);
  expect(engine.double.calls.at(-1)?.path).toBe(
    "/images?architecture=x86&label_selector=vmrig-image%3Dnone&sort=created%3Adesc",
  );
});
