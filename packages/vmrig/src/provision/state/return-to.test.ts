import { expect, test } from "vitest";
import { lockInfo, openSession, PCS_1, send, serve } from "./fixtures/backend.test.kit.ts";
import { rangesOf } from "./read-version.ts";
import { KEPT_VERSIONS } from "./state-store.ts";

const stateOf = (serial: number, lineage = "l", more: object = {}) =>
  JSON.stringify({ version: 4, serial, lineage, resources: [], ...more });

test("a version comes back with a larger serial and the lineage of the newest one", async () => {
  const { session, store } = await serve();
  await session.replace(stateOf(50, "first", { outputs: { a: 1 } }), { summary: "one" });
  await session.replace(stateOf(7, "second"), { summary: "two" });
  await session.returnTo(2);
  const stored = await store.read(PCS_1);
  expect([stored?.version, stored?.summary]).toEqual([4, "+0 -0 ~0, returned to version 2"]);
  expect(JSON.parse(stored?.text ?? "")).toEqual(
    JSON.parse(stateOf(51, "second", { outputs: { a: 1 } })),
  );
});

test("an engine goes on from the version that came back", async () => {
  const { session, backend } = await serve();
  const seed = session.text ?? "";
  await session.replace(stateOf(9), { summary: "a mistake" });
  await session.returnTo(1);
  const { text } = await send(backend, { method: "GET" });
  expect(JSON.parse(text)).toMatchObject({ ...JSON.parse(seed), serial: 10, lineage: "l" });
  await send(backend, { method: "LOCK", body: lockInfo("a") });
  const next = stateOf(11);
  expect(await send(backend, { method: "POST", body: next, id: "a" })).toMatchObject({
    status: 200,
  });
});

test("a state that OpenTofu encrypted comes back unchanged, because it is bound to its serial", async () => {
  const { session } = await serve();
  const encrypted = JSON.stringify({ serial: 3, lineage: "l", meta: {}, encrypted_data: "x" });
  await session.replace(encrypted, { summary: "one" });
  await session.replace(stateOf(9), { summary: "two" });
  await session.returnTo(2);
  expect([session.version, session.text]).toEqual([4, encrypted]);
});

test("machines of an apply that has not completed stay known", async () => {
  const { session } = await serve();
  await session.begin(["pc1"]);
  await session.returnTo(1);
  expect(session.applying).toEqual(["pc1"]);
});

test("a version that is damaged or no longer kept is refused, and nothing is stored", async () => {
  const { session, store } = await serve();
  await session.replace("?", { summary: "damage" });
  for (let i = 0; i < KEPT_VERSIONS; i++)
    await session.replace(stateOf(i), { summary: `serial ${i}` });
  const newest = session.version;
  await expect(session.returnTo(1)).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    details: [`kept: 3-${newest}`],
  });
  await session.replace("?", { summary: "damage" });
  await expect(session.returnTo(newest + 1)).rejects.toMatchObject({ code: "STATE_LOST" });
  expect(await store.newestVersion(PCS_1)).toBe(newest + 1);
});

test("a run that lost its lease cannot return to a version", async () => {
  const { session, store } = await serve();
  await openSession({
    store,
    copy: PCS_1,
    fence: 11,
    by: { who: "bob", host: "ci", command: "vitest run", session: "two" },
  });
  await expect(session.returnTo(1)).rejects.toMatchObject({ code: "FENCED" });
});

test("numbers of versions are printed as ranges", () => {
  expect(rangesOf([9, 3, 4, 5, 1])).toBe("1, 3-5, 9");
  expect(rangesOf([])).toBe("");
});
