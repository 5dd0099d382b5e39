import { expect, test } from "vitest";
import { HcloudDouble } from "./hcloud-double.ts";
import { refusal, send, SERVER, startDouble, KEYS } from "./hcloud-double.test.kit.ts";

const GROUP = { name: "g", type: "spread" };
/** For a busy computer. */
const PATIENCE = { timeout: 20_000 };

test("a client needs only the endpoint and the token", async () => {
  await using double = await HcloudDouble.start();
  const environment = { HCLOUD_ENDPOINT: double.endpoint, HCLOUD_TOKEN: double.token };
  const response = await fetch(`${environment.HCLOUD_ENDPOINT}/servers`, {
    headers: { authorization: `Bearer ${environment.HCLOUD_TOKEN}` },
  });
  expect(await response.json()).toMatchObject({ servers: [] });
});

test("a token that is missing, unknown or removed is unauthorized", async () => {
  const { call, double } = await startDouble();
  const response = await fetch(`${double.endpoint}/servers`);
  expect(response.status).toBe(401);
  expect(await send(double, { method: "GET", path: "/servers", token: "other" })).toMatchObject(
    refusal(401, "unauthorized"),
  );

  double.tokens.delete(double.token);
  expect(await call("GET", "/servers")).toMatchObject(refusal(401, "unauthorized"));
  expect(await call("GET", "/nowhere")).toMatchObject(refusal(401, "unauthorized"));
});

test("a token that may only read changes nothing, whatever the body", async () => {
  const { call, double } = await startDouble();
  double.tokens.set(double.token, "read");

  expect(await call("GET", "/servers")).toMatchObject({ status: 200 });
  expect(await call("POST", "/networks", "{not json")).toMatchObject(
    refusal(401, "token_readonly"),
  );
});

test.for<[string, string, unknown, number, string]>([
  ["POST", "/networks", "{not json", 400, "json_error"],
  ["POST", "/networks", [], 422, "invalid_input"],
  ["PATCH", "/servers", {}, 405, "method_not_allowed"],
  ["DELETE", "/locations/1", undefined, 405, "method_not_allowed"],
  ["GET", "/nowhere", undefined, 404, "not_found"],
  ["GET", "/servers/5", undefined, 404, "not_found"],
  ["GET", "/servers/xyz", undefined, 404, "not_found"],
  ["GET", "/actions", undefined, 410, "deprecated_api_endpoint"],
  ["GET", "/datacenters", undefined, 410, "deprecated_api_endpoint"],
  ["GET", "/datacenters/1", undefined, 410, "deprecated_api_endpoint"],
])("%s %s with body %j is refused with %i %s", async ([method, path, body, status, code]) => {
  const { call } = await startDouble();
  expect(await call(method, path, body)).toMatchObject(refusal(status, code));
});

test("details of an error are null when there are none", async () => {
  const { call } = await startDouble();
  expect((await call("GET", "/servers/5")).body).toMatchObject({ error: { details: null } });
  expect((await call("POST", "/placement_groups", {})).body).toMatchObject({
    error: { details: { fields: [{ name: "name", messages: [expect.any(String)] }, {}] } },
  });
});

test("each reply says how many requests are left; they come back one by one", async () => {
  let now = 1_000_000_000_000;
  const { call, double } = await startDouble({ now: () => now });

  const { headers } = await call("GET", "/servers");
  expect(headers.get("RateLimit-Limit")).toBe("3600");
  expect(headers.get("RateLimit-Remaining")).toBe("3599");
  expect(headers.get("RateLimit-Reset")).toBe("1000000001");
  expect(headers.get("X-Correlation-Id")).toMatch(/./);

  double.rateLimit.leave(1);
  expect((await call("GET", "/servers")).headers.get("RateLimit-Remaining")).toBe("0");
  const refused = await call("GET", "/servers");
  expect(refused).toMatchObject(refusal(429, "rate_limit_exceeded"));
  expect(refused.headers.get("RateLimit-Reset")).toBe("1000003600");
  expect(refused.headers.get("Retry-After")).toBeNull();
  now += 1000;
  expect(await call("GET", "/servers")).toMatchObject({ status: 200 });
  expect(await call("GET", "/servers")).toMatchObject(refusal(429, "rate_limit_exceeded"));
});

test("a request of a test's choice is refused as often as it says", async () => {
  const { call, double } = await startDouble();
  double.requestFaults.add(
    { method: "POST", path: /^\/placement_groups$/, times: 2 },
    { kind: "refuse", status: 503, code: "unavailable" },
  );

  expect(await call("GET", "/placement_groups")).toMatchObject({ status: 200 });
  for (let time = 0; time < 2; time++)
    expect(await call("POST", "/placement_groups", GROUP)).toMatchObject(
      refusal(503, "unavailable"),
    );
  expect(await call("POST", "/placement_groups", GROUP)).toMatchObject({ status: 201 });
});

test("a change whose reply says 502, or is lost, was done", async () => {
  const { call, double } = await startDouble();
  double.requestFaults.add(
    { method: "POST", path: /groups/ },
    { kind: "refuse-when-done", status: 502, code: "bad_gateway" },
  );
  double.requestFaults.add({ method: "POST", path: /networks/ }, { kind: "cut-when-done" });

  expect(await call("POST", "/placement_groups", GROUP)).toMatchObject(refusal(502, "bad_gateway"));
  expect(await call("POST", "/placement_groups", GROUP)).toMatchObject(
    refusal(409, "uniqueness_error", "name"),
  );
  const network = { name: "n", ip_range: "10.0.0.0/16" };
  await expect(call("POST", "/networks", network)).rejects.toThrow("fetch failed");
  expect(await call("POST", "/networks", network)).toMatchObject(
    refusal(409, "uniqueness_error", "name"),
  );
});

test("a connection that is cut before the change left nothing", async () => {
  const { call, double } = await startDouble();
  double.requestFaults.add({ method: "POST", path: /groups/ }, { kind: "cut" });

  await expect(call("POST", "/placement_groups", GROUP)).rejects.toThrow("fetch failed");
  expect(await call("POST", "/placement_groups", GROUP)).toMatchObject({ status: 201 });
});

test("a request that hangs does not hold up the others", async () => {
  const { call, double } = await startDouble();
  double.requestFaults.add({ method: "GET", path: /page=2/ }, { kind: "hang" });
  const client = new AbortController();
  const hanging = send(double, { method: "GET", path: "/servers?page=2", signal: client.signal });
  hanging.catch(() => {});

  expect(await call("GET", "/servers")).toMatchObject({ status: 200 });
  client.abort();
  await expect(hanging).rejects.toThrow("aborted");
});

test("a slow page takes as long as the test says", async () => {
  const { call, double } = await startDouble();
  double.requestFaults.add({ method: "GET", path: /page=1/ }, { kind: "slow", delayMs: 200 });
  const start = performance.now();

  await call("GET", "/servers?page=1");
  expect(performance.now() - start).toBeGreaterThan(195);
});

test("the client is killed after the change, and what it sent later is not done", async () => {
  const { call, double } = await startDouble();
  const client = new AbortController();
  const create = (name: string) => {
    const path = "/placement_groups";
    const body = { ...GROUP, name };
    const sent = send(double, { method: "POST", path, body, signal: client.signal });
    sent.catch(() => {});
    return sent;
  };
  const names = () => double.project.placementGroups.all.map(({ name }) => name);
  let namesAtKill: readonly string[] = [];
  double.killAfter(2, async () => {
    namesAtKill = names();
    void create("late");
    await expect.poll(() => double.waiting, PATIENCE).toBe(1);
    client.abort();
  });

  await call("POST", "/placement_groups", GROUP);
  await call("GET", "/placement_groups");
  await expect(create("second")).rejects.toThrow("aborted");

  expect(namesAtKill).toEqual(["g", "second"]);
  expect(await call("GET", "/placement_groups")).toMatchObject({ status: 200 });
  expect(names()).toEqual(["g", "second"]);
});

test("a client that is left alone gets its reply, and one that has gone had its change", async () => {
  const { call, double } = await startDouble();
  double.killAfter(1, async () => {
    const impatient = new AbortController();
    const body = { ...GROUP, name: "late" };
    const path = "/placement_groups";
    send(double, { method: "POST", path, body, signal: impatient.signal }).catch(() => {});
    await expect.poll(() => double.waiting, PATIENCE).toBe(1);
    impatient.abort();
    return "reply";
  });

  expect(await call("POST", "/placement_groups", GROUP)).toMatchObject({ status: 201 });
  const names = () => double.project.placementGroups.all.map(({ name }) => name);
  await expect.poll(names, PATIENCE).toEqual(["g", "late"]);
});

test("no reply has both a length and chunks, which Node's fetch refuses", async () => {
  const { call } = await startDouble();
  const { headers } = await call("GET", "/locations");
  expect(Number(headers.get("content-length"))).toBeGreaterThan(100);
  expect(headers.get("transfer-encoding")).toBeNull();
});

test("a project has one SSH key of a name and of a key", async () => {
  const { call, done } = await startDouble();
  const { ssh_key } = await done("POST", "/ssh_keys", { name: "one", public_key: KEYS[0] });
  const path = `/ssh_keys/${ssh_key.id}`;

  expect(ssh_key).toMatchObject({ fingerprint: expect.stringMatching(/^(?:[\da-f]{2}:){15}..$/) });
  expect(await call("POST", "/ssh_keys", { name: "one", public_key: KEYS[1] })).toMatchObject(
    refusal(409, "uniqueness_error", "name"),
  );
  expect(await call("POST", "/ssh_keys", { name: "two", public_key: KEYS[0] })).toMatchObject(
    refusal(409, "uniqueness_error", "public_key"),
  );
  expect(await call("POST", "/ssh_keys", { name: "two", public_key: "ssh-rsa x" })).toMatchObject(
    refusal(422, "invalid_input", "public_key"),
  );
  const found = await call("GET", `/ssh_keys?fingerprint=${String(ssh_key["fingerprint"])}`);
  expect(found.body).toMatchObject({ ssh_keys: [{ name: "one" }] });
  await done("PUT", path, { name: "uno" });
  expect(await call("DELETE", path)).toMatchObject({ status: 204, body: undefined });
  expect(await call("GET", path)).toMatchObject(refusal(404, "not_found"));
});

test("a placement group takes ten servers, and lets them go when it is deleted", async () => {
  const { call, done } = await startDouble();
  const { placement_group: group } = await done("POST", "/placement_groups", GROUP);
  const inGroup = (name: string) => ({ ...SERVER, name, placement_group: group.id });
  for (let n = 0; n < 10; n++) await done("POST", "/servers", inGroup(`s${n}`));

  expect(await call("POST", "/servers", inGroup("more"))).toMatchObject(
    refusal(422, "placement_group_member_limit_reached"),
  );
  const { servers } = (await call("GET", "/servers")).body;
  const [first] = servers;
  expect(first).toMatchObject({ placement_group: { id: group.id, servers: { length: 10 } } });
  expect(await call("DELETE", `/placement_groups/${group.id}`)).toMatchObject({ status: 204 });
  expect((await call("GET", `/servers/${first?.id}`)).body.server["placement_group"]).toBeNull();
});
