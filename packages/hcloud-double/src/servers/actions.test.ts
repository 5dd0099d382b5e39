import { expect, test } from "vitest";
import {
  createServer,
  KEYS,
  refusal,
  startDouble,
  type Body,
  type Client,
} from "../hcloud-double.test.kit.ts";
import type { HcloudDoubleOptions } from "../hcloud-double.ts";
import type { Boot, ServerBackend } from "./backend.ts";
import { recordBackend } from "./record-backend.ts";

interface Rig extends Client {
  readonly id: number;
  /** Does an action of the server and waits for its end. */
  act(command: string, body?: object): Promise<Body>;
  tryTo(command: string, body?: object): ReturnType<Client["call"]>;
  server(): Promise<Body["server"]>;
}

async function startServer(options: HcloudDoubleOptions = {}, more: object = {}): Promise<Rig> {
  const client = await startDouble(options);
  const id = await createServer(client, { name: "pc1", ...more });
  const path = (command: string) => `/servers/${id}/actions/${command}`;
  return {
    ...client,
    id,
    act: (command, body) => client.done("POST", path(command), body),
    tryTo: (command, body) => client.call("POST", path(command), body),
    server: async () => (await client.call("GET", `/servers/${id}`)).body.server,
  };
}

/** Records what the backend is told. */
function spyBackend(more: Partial<ServerBackend> = {}): {
  readonly backend: ServerBackend;
  readonly told: string[];
} {
  const told: string[] = [];
  const start = async (_: unknown, { from }: Boot) => void told.push(`start from ${from}`);
  return {
    told,
    backend: {
      ...recordBackend(),
      writeImage: async ({ image }) => void told.push(`write image ${image}`),
      start,
      reboot: async (_, { from }) => told.push(`reboot from ${from}`) > 0,
      stop: async () => void told.push("stop"),
      ...more,
    },
  };
}

/** Its guest ignores the power button, and powers itself off when the test says so. */
function backendWithDeafGuest(): {
  readonly backend: ServerBackend;
  /** By default in its last boot. */
  powerOff(boot?: number): void;
} {
  const boots: (() => void)[] = [];
  return {
    powerOff: (boot = -1) => boots.at(boot)?.(),
    backend: {
      ...recordBackend(),
      start: async (_, { onPowerOff }) => void boots.push(onPowerOff),
      shutDown: async () => {},
      reboot: async () => false,
    },
  };
}

test("a server under an action is locked: other actions and its deletion are refused", async () => {
  const { call, double, id, server, tryTo } = await startServer();
  const stopping = double.actionFaults.hang("stop_server");

  expect((await tryTo("poweroff")).body.action).toMatchObject({
    command: "stop_server",
    status: "running",
    resources: [{ id, type: "server" }],
  });
  expect(await server()).toMatchObject({ status: "stopping", locked: true });
  expect(await tryTo("poweron")).toMatchObject(refusal(423, "locked"));
  expect(await call("DELETE", `/servers/${id}`)).toMatchObject(refusal(423, "locked"));
  const labels = { "vmrig-fence": "7" };
  expect((await call("PUT", `/servers/${id}`, { labels })).body.server).toMatchObject({ labels });
  expect(await tryTo("change_protection", { delete: true, rebuild: true })).toMatchObject({
    status: 201,
  });

  stopping.release();
  await double.project.actions.settle();
  expect(await server()).toMatchObject({ status: "off", locked: false });
});

test("an action that fails leaves the server as it was", async () => {
  const { act, call, double, server } = await startServer();
  double.actionFaults.fail("stop_server");

  const { action } = await act("poweroff");
  expect((await call("GET", `/actions/${action.id}`)).body.action).toMatchObject({
    status: "error",
    progress: 100,
    error: { code: "action_failed" },
  });
  expect(await server()).toMatchObject({ status: "running", locked: false });
  await act("poweroff");
  expect(await server()).toMatchObject({ status: "off" });
});

test("an action fails if the backend does", async () => {
  const stop = () => Promise.reject(new Error("no such process"));
  const { act, call, server } = await startServer({ backend: { ...recordBackend(), stop } });
  const { action } = await act("poweroff");
  expect((await call("GET", `/actions/${action.id}`)).body.action).toMatchObject({
    error: { code: "action_failed", message: "Error: no such process" },
  });
  expect(await server()).toMatchObject({ status: "running" });
});

test("power on and off have nothing to do on a server that is there already", async () => {
  const { act, server, tryTo } = await startServer();
  expect((await tryTo("poweron")).body.action).toMatchObject({ status: "success", progress: 100 });
  await act("poweroff");
  expect((await tryTo("poweroff")).body.action).toMatchObject({ status: "success" });
  await act("reset");
  expect(await server()).toMatchObject({ status: "running" });
});

test("a shutdown only presses the button, which the guest may ignore", async () => {
  const { backend, powerOff } = backendWithDeafGuest();
  const { act, call, server } = await startServer({ backend });

  const { action } = await act("shutdown");
  expect((await call("GET", `/actions/${action.id}`)).body.action.status).toBe("success");
  expect(await server()).toMatchObject({ status: "running" });
  powerOff();
  expect(await server()).toMatchObject({ status: "off" });
});

test("a guest that restarts by itself finds the rescue system that waits", async () => {
  const boots: Boot[] = [];
  const start = async (_: unknown, boot: Boot) => void boots.push(boot);
  const { act, server } = await startServer({ backend: { ...recordBackend(), start } });
  await act("enable_rescue");
  expect(boots[0]?.onRestart().from).toBe("rescue");
  expect(await server()).toMatchObject({ status: "running", rescue_enabled: false });
  expect(boots[0]?.onRestart().from).toBe("disk");
});

test("a reboot that the guest ignores changes nothing", async () => {
  const { backend } = backendWithDeafGuest();
  const { act, done, id, server } = await startServer({ backend });
  await done("POST", `/servers/${id}/actions/enable_rescue`);
  await act("reboot");
  expect(await server()).toMatchObject({ status: "running", rescue_enabled: true });
});

test("a late shutdown does not count after another boot", async () => {
  const { backend, powerOff } = backendWithDeafGuest();
  const { act, server } = await startServer({ backend });
  await act("shutdown");
  await act("reset");
  powerOff(0);
  expect(await server()).toMatchObject({ status: "running" });
});

test("rescue mode waits for the next boot, and lapses after that boot", async () => {
  const { backend, told } = spyBackend();
  const { act, done, double, id, server } = await startServer({ backend });
  const { ssh_key } = await done("POST", "/ssh_keys", { name: "one", public_key: KEYS[0] });

  const { root_password } = await act("enable_rescue", { type: "linux64", ssh_keys: [ssh_key.id] });
  expect(root_password).toEqual(expect.any(String));
  expect(await server()).toMatchObject({ rescue_enabled: true, status: "running" });
  expect(double.project.servers.byId(id)?.rescue?.authorizedKeys).toEqual([KEYS[0]]);
  await act("reset");
  expect(await server()).toMatchObject({ rescue_enabled: false });
  await act("reboot");
  expect(told).toEqual([
    "write image 101",
    "start from disk",
    "stop",
    "start from rescue",
    "reboot from disk",
  ]);
});

test("rescue mode lapses after an hour, or when it is disabled", async () => {
  let now = Date.parse("2026-11-30T00:00:00Z");
  const { act, server, tryTo } = await startServer({ now: () => now });
  expect(await tryTo("enable_rescue", { type: "freebsd" })).toMatchObject(
    refusal(422, "invalid_input", "type"),
  );
  await act("enable_rescue");
  now += 3_599_999;
  expect(await server()).toMatchObject({ rescue_enabled: true });
  now += 1;
  expect(await server()).toMatchObject({ rescue_enabled: false });
  await act("enable_rescue");
  await act("disable_rescue");
  expect(await server()).toMatchObject({ rescue_enabled: false });
});

test("protection from deletion and rebuilding is the same, and holds", async () => {
  const { act, call, id, server, tryTo } = await startServer();
  expect(await tryTo("change_protection", { delete: true })).toMatchObject(
    refusal(422, "invalid_input", "rebuild"),
  );
  await act("change_protection", { delete: true, rebuild: true });
  expect(await server()).toMatchObject({ protection: { delete: true, rebuild: true } });
  expect(await call("DELETE", `/servers/${id}`)).toMatchObject(refusal(423, "protected"));
  expect(await tryTo("rebuild", { image: 101 })).toMatchObject(refusal(423, "protected"));
});

test("a rebuild writes the image and starts the server; user data stays unless it is given", async () => {
  const { backend, told } = spyBackend();
  const { act, double, id, server } = await startServer({ backend }, { user_data: "first" });
  told.length = 0;
  const userData = () => double.project.servers.byId(id)?.userData;

  const { root_password } = await act("rebuild", { image: "debian-13" });
  expect(root_password).toEqual(expect.any(String));
  expect(told).toEqual(["stop", "write image 103", "start from disk"]);
  expect(await server()).toMatchObject({ status: "running", image: { name: "debian-13" } });
  expect(userData()).toBe("first");
  await act("rebuild", { image: "debian-13", user_data: "second" });
  expect(userData()).toBe("second");
});

test("a server changes its type while it is off, is started, and its disk never shrinks", async () => {
  const { act, server, tryTo } = await startServer();
  const larger = { server_type: "cx33", upgrade_disk: true };
  expect(await tryTo("change_type", larger)).toMatchObject(refusal(422, "server_not_stopped"));
  await act("poweroff");
  expect(await tryTo("change_type", { server_type: "cx33" })).toMatchObject(
    refusal(422, "invalid_input", "upgrade_disk"),
  );
  const unfit = refusal(422, "invalid_server_type");
  for (const server_type of ["cx23", "cax11"])
    expect(await tryTo("change_type", { ...larger, server_type })).toMatchObject(unfit);

  await act("change_type", { ...larger, upgrade_disk: false });
  expect(await server()).toMatchObject({
    status: "running",
    server_type: { name: "cx33" },
    primary_disk_size: 40,
  });
  await act("poweroff");
  await act("change_type", { ...larger, server_type: "cx43" });
  expect(await server()).toMatchObject({ primary_disk_size: 160 });
  await act("poweroff");
  expect(await tryTo("change_type", larger)).toMatchObject(unfit);
});

test("a server joins one placement group while it is off, and leaves it at any time", async () => {
  const { act, done, server, tryTo } = await startServer();
  const { placement_group } = await done("POST", "/placement_groups", {
    name: "g",
    type: "spread",
  });
  const body = { placement_group: placement_group.id };
  expect(await tryTo("add_to_placement_group", body)).toMatchObject(
    refusal(422, "server_not_stopped"),
  );
  await act("poweroff");
  await act("add_to_placement_group", body);
  expect(await tryTo("add_to_placement_group", body)).toMatchObject(
    refusal(422, "already_in_placement_group"),
  );
  await act("poweron");
  await act("remove_from_placement_group");
  expect(await server()).toMatchObject({ placement_group: null });
});

test("actions are listed for all servers and for one, and only for servers", async () => {
  const { call, id } = await startServer();
  const { body } = await call("GET", `/servers/${id}/actions?sort=id:desc&status=success`);
  expect(body.actions.map(({ command }) => command)).toEqual(["start_server", "create_server"]);
  const [action] = body.actions;
  for (const path of [`/servers/actions/${action?.id}`, `/servers/${id}/actions/${action?.id}`])
    expect((await call("GET", path)).body.action).toEqual(action);
  expect((await call("GET", "/servers/actions")).body.actions).toHaveLength(2);
  expect((await call("GET", "/images/actions")).body.actions).toEqual([]);
  expect(await call("GET", `/images/actions/${action?.id}`)).toMatchObject(
    refusal(404, "not_found"),
  );
  expect(await call("GET", "/servers/5/actions")).toMatchObject(refusal(404, "not_found"));
});
