import { expect, test } from "vitest";
import { startCloud, type Cloud } from "../call/cloud.test.kit.ts";
import { action } from "../replies.test.kit.ts";
import { actionSchema, readActions, type Action } from "./action.ts";
import { awaitActions } from "./await-actions.ts";

const running = (id: number, fields: object = {}): Action =>
  actionSchema.parse(action({ id, ...fields }));

const wait = (cloud: Cloud, actions: readonly Action[], signal?: AbortSignal): Promise<void> =>
  awaitActions(cloud.client, { actions, task: 'start "pc1"', timeoutMs: 300_000, signal });

/** Answers a poll with the asked actions, in the state that `state` returns. */
const polls = (state: (id: number, poll: number) => object | undefined): Promise<Cloud> =>
  startCloud(({ query }, index) => ({
    body: {
      actions: query.getAll("id").flatMap((id) => {
        const fields = state(Number(id), index);
        return fields === undefined ? [] : [action({ id: Number(id), ...fields })];
      }),
    },
  }));

const DONE = { status: "success", progress: 100 };

test("all actions of a reply are waited for: action, actions and next_actions", () => {
  const reply = {
    action: action({ id: 1 }),
    actions: [action({ id: 2 })],
    next_actions: [action({ id: 3 })],
  };
  expect(readActions(reply, "x").map(({ id }) => id)).toEqual([1, 2, 3]);
  expect(readActions({ action: null }, "x")).toEqual([]);
});

test("actions are polled together, until each one has succeeded", async () => {
  const cloud = await polls((id, poll) => (poll >= id ? DONE : {}));
  await wait(cloud, [running(1), running(2)]);
  expect(cloud.calls.map(({ query }) => query.getAll("id"))).toEqual([
    ["1", "2"],
    ["1", "2"],
    ["2"],
  ]);
  expect(cloud.lines()).toEqual(["GET /actions", "GET /actions", "GET /actions"]);
});

test("all waits of a client share their polls", async () => {
  const cloud = await polls((_, poll) => (poll === 2 ? DONE : {}));
  await Promise.all([1, 2, 3, 4].map((id) => wait(cloud, [running(id)])));
  expect(cloud.calls.map(({ query }) => query.getAll("id").length)).toEqual([4, 4, 4]);
});

test("at most 25 actions are in one call", async () => {
  const cloud = await polls(() => DONE);
  await wait(
    cloud,
    Array.from({ length: 60 }, (_, index) => running(index + 1)),
  );
  expect(cloud.calls.map(({ query }) => query.getAll("id").length)).toEqual([25, 25, 10]);
});

test("ids of more than 32 bits survive", async () => {
  const cloud = await polls(() => DONE);
  await wait(cloud, [running(606_028_482_673_874)]);
  expect(cloud.calls[0]?.query.get("id")).toBe("606028482673874");
});

test("actions that have ended already need no call", async () => {
  const cloud = await polls(() => undefined);
  await wait(cloud, [running(1, DONE)]);
  await wait(cloud, []);
  expect(cloud.calls).toEqual([]);
});

test("an action that ends in error is an error with the API's reason", async () => {
  const error = { code: "action_failed", message: "Action failed." };
  const cloud = await polls((id) => (id === 2 ? { status: "error", error } : {}));
  await expect(wait(cloud, [running(1), running(2)])).rejects.toMatchObject({
    code: "CLOUD_ACTION_FAILED",
    summary: 'Hetzner Cloud could not start "pc1": Action failed (action_failed).',
    details: ["action 2: start_server"],
  });
});

test("an action that the API does not know any more is an error, not a success", async () => {
  const cloud = await polls((id) => (id === 1 ? DONE : undefined));
  await expect(wait(cloud, [running(1), running(2)])).rejects.toMatchObject({
    code: "CLOUD_ACTION_FAILED",
    details: ["action 2: start_server"],
  });
});

test("an action that hangs ends the wait at its deadline, with the last progress", async () => {
  const cloud = await polls(() => ({ progress: 40 }));
  await expect(wait(cloud, [running(1)])).rejects.toMatchObject({
    code: "CLOUD_ACTION_FAILED",
    summary: 'Waited 300.0 s for Hetzner Cloud to start "pc1"; last seen: start_server at 40 %.',
  });
});

test("a cancelled wait does not disturb the others", async () => {
  const cancel = new AbortController();
  const reason = new Error("enough");
  const cloud = await polls((_, poll) => {
    if (poll === 1) cancel.abort(reason);
    return poll === 3 ? DONE : {};
  });
  const cancelled = wait(cloud, [running(1)], cancel.signal);
  const other = wait(cloud, [running(2)]);
  await expect(cancelled).rejects.toBe(reason);
  await expect(other).resolves.toBeUndefined();
});
