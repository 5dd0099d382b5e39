import { expect, test } from "vitest";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { tempFolder } from "../../local-files/temp-folder.test.kit.ts";
import { waitFor } from "../../wait/wait-for.ts";
import { lockInfo, PCS_1, send, serve } from "./fixtures/backend.test.kit.ts";
import { MAX_STATE_BYTES } from "./size-limit.ts";
import type { StateStore } from "./state-store.ts";
import { fileStore } from "./stores/file/file-store.ts";

interface Stamp {
  readonly serial: number;
  readonly lineage: string;
}

/** Returns the state with other fields, as an engine sends it. */
function next(text: string, fields: object = {}): string {
  const state = JSON.parse(text) as Stamp;
  return JSON.stringify({ ...state, serial: state.serial + 1, ...fields });
}

async function serveLocked(more?: Parameters<typeof serve>[0]) {
  const served = await serve(more);
  await send(served.backend, { method: "LOCK", body: lockInfo("a") });
  const { text: seed } = await send(served.backend, { method: "GET" });
  const post = (body: string) => send(served.backend, { method: "POST", body, id: "a" });
  return { ...served, seed, post };
}

test("a new state is stored before the first engine asks, and another run finds the same", async () => {
  const { backend, store } = await serve();
  const { status, text } = await send(backend, { method: "GET" });
  expect([status, JSON.parse(text)]).toMatchObject([
    200,
    { version: 4, serial: 0, resources: [{ name: "vmrig_owner" }] },
  ]);
  expect(await store.read(PCS_1)).toMatchObject({ version: 1, text, summary: "created" });
  const again = await serve({ store, fence: 11 });
  expect((await send(again.backend, { method: "GET" })).text).toBe(text);
});

test("a lock whose reply was lost can be taken and released again", async () => {
  const { backend } = await serve();
  const lock = (id: string) => send(backend, { method: "LOCK", body: lockInfo(id) });
  const unlock = (id: string) => send(backend, { method: "UNLOCK", body: lockInfo(id) });
  expect([(await lock("a")).status, (await lock("a")).status]).toEqual([200, 200]);
  const held = await lock("b");
  expect([held.status, JSON.parse(held.text)]).toMatchObject([423, { ID: "a", Who: "root@a" }]);
  expect((await unlock("b")).status).toBe(409);
  expect([(await unlock("a")).status, (await unlock("a")).status]).toEqual([200, 200]);
  expect((await lock("b")).status).toBe(200);
  // Too late: another engine holds the lock by now.
  expect((await unlock("a")).status).toBe(409);
});

test("without the lease an engine gets neither the lock nor the state, and still saves what it did", async () => {
  const lease = new AbortController();
  const assertHeld = (): void => lease.signal.throwIfAborted();
  const { backend, seed, post, store } = await serveLocked({ assertHeld });
  lease.abort(new VmrigError("LEASE_LOST", { message: "The lease is lost." }));
  const refused = { status: 409, text: "The lease is lost." };
  expect(await send(backend, { method: "LOCK", body: lockInfo("a") })).toEqual(refused);
  expect(await send(backend, { method: "GET" })).toEqual(refused);
  expect((await post(next(seed))).status).toBe(200);
  expect((await send(backend, { method: "UNLOCK", body: lockInfo("a") })).status).toBe(200);
  expect((await store.read(PCS_1))?.text).toBe(next(seed));
});

test("Terraform's force-unlock, which names no lock, is refused", async () => {
  const { backend } = await serveLocked();
  expect((await send(backend, { method: "UNLOCK", body: "" })).status).toBe(409);
  expect((await send(backend, { method: "LOCK", body: lockInfo("b") })).status).toBe(423);
});

test("a state is stored once, although its reply was lost and it is sent again", async () => {
  const { session, store, seed, post, onRefused } = await serveLocked();
  const body = next(seed);
  expect([(await post(body)).status, (await post(body)).status]).toEqual([200, 200]);
  expect(await store.history(PCS_1)).toHaveLength(2);
  expect([session.version, onRefused.mock.calls]).toEqual([2, []]);
});

test("a state from an engine without the lock is refused, and the run goes on", async () => {
  const { backend, seed, post, onRefused } = await serveLocked();
  for (const id of ["b", undefined]) {
    const { status } = await send(backend, { method: "POST", body: next(seed), ...(id && { id }) });
    expect(status).toBe(409);
  }
  expect((await post(next(seed))).status).toBe(200);
  expect(onRefused).not.toHaveBeenCalled();
});

test.each([
  ["of another lineage", { lineage: "other" }, "its lineage is other"],
  ["with the same serial and other content", { serial: 1, outputs: { a: 1 } }, "its serial is 1"],
  ["with an older serial", { serial: 0 }, "its serial is 0"],
  ["without a lineage", { lineage: undefined }, "it is not a state"],
])("a state %s is refused for good", async (_, fields, why) => {
  const { backend, store, seed, post, onRefused } = await serveLocked();
  const first = next(seed);
  await post(first);
  expect((await post(next(first, fields))).status).toBe(409);
  expect((await post(next(first))).status).toBe(409);
  expect(onRefused).toHaveBeenCalledExactlyOnceWith(backend.problem);
  expect(backend.problem).toMatchObject({
    code: "STATE_UNWRITABLE",
    summary: expect.stringContaining(why),
  });
  expect((await store.read(PCS_1))?.text).toBe(first);
});

test("a state that is too large is refused for good", async () => {
  const { backend, seed, post, onRefused } = await serveLocked();
  expect((await post(next(seed, { x: "x".repeat(MAX_STATE_BYTES) }))).status).toBe(409);
  expect(onRefused).toHaveBeenCalledOnce();
  expect(backend.problem?.summary).toMatch(/has \d{7} bytes/);
});

test("after a takeover the state is refused, and a second run of the old fence does not start", async () => {
  const { store, seed, post, onRefused } = await serveLocked();
  const later = await serve({ store, fence: 11 });
  expect((await post(next(seed))).status).toBe(409);
  expect(onRefused.mock.calls).toMatchObject([[{ code: "FENCED" }]]);
  expect(later.session.version).toBe(1);
  await expect(serve({ store, fence: 10 })).rejects.toMatchObject({
    code: "FENCED",
    details: [expect.stringContaining("fence 11")],
  });
});

test("while the store gives no answer the engine is asked to repeat, and the repetition is stored once", async () => {
  const real = fileStore({ folder: await tempFolder() });
  const ids: string[] = [];
  const store: StateStore = {
    ...real,
    // Stores the first state of the engine, and loses the reply.
    async write(copy, write) {
      const outcome = await real.write(copy, write);
      if (write.base === 1 && ids.push(write.id) === 1)
        throw new VmrigError("STATE_UNREACHABLE", { message: "No answer." });
      return outcome;
    },
  };
  const { backend, session, seed, post, onRefused } = await serveLocked({ store, outageMs: 0 });
  const body = next(seed);
  expect((await post(body)).status).toBe(503);
  expect(backend.problem?.code).toBe("STATE_UNREACHABLE");
  expect((await post(body)).status).toBe(200);
  expect([ids[0] === ids[1], session.version, backend.problem]).toEqual([true, 2, undefined]);
  expect(onRefused).not.toHaveBeenCalled();
  expect((await post(next(body))).status).toBe(200);
});

test("an engine that was stopped is not kept waiting for a store that gives no answer", async () => {
  const real = fileStore({ folder: await tempFolder() });
  const lease = new AbortController();
  let down = false;
  const store: StateStore = {
    ...real,
    async write(copy, write) {
      if (down) throw new VmrigError("STATE_UNREACHABLE", { message: "No answer." });
      return await real.write(copy, write);
    },
  };
  const { backend, seed, post } = await serveLocked({ store, signal: lease.signal });
  down = true;
  const waiting = post(next(seed));
  await waitFor({
    what: "the first write to fail",
    timeoutMs: 10_000,
    probe: async () => (backend.problem === undefined ? { seen: "none" } : { value: undefined }),
  });
  lease.abort(new Error("lease lost"));
  expect((await waiting).status).toBe(503);
  expect((await post(next(seed))).status).toBe(503);
});

test.each([
  ["another token", { method: "GET", token: "x" }, 401],
  ["no token", { method: "GET", token: "" }, 401],
  ["the path of another copy", { method: "GET", path: "/pcs-2" }, 404],
  ["another method", { method: "DELETE" }, 405],
  ["a lock without an id", { method: "LOCK", body: "{}" }, 400],
  ["a body that was changed on its way", { method: "POST", id: "a", body: "{}", md5: "x" }, 400],
])("%s is refused", async (_, request, status) => {
  const { backend } = await serveLocked();
  expect((await send(backend, request)).status).toBe(status);
});

test("a disposed backend has finished its write and does not listen", async () => {
  const { backend, store, seed, post } = await serveLocked();
  const posted = post(next(seed)).catch(() => {});
  await backend[Symbol.asyncDispose]();
  await posted;
  await expect(send(backend, { method: "GET" })).rejects.toThrow("fetch failed");
  expect((await store.read(PCS_1))?.version).toBeLessThanOrEqual(2);
});
