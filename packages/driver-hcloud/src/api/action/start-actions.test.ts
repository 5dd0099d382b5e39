import { expect, test } from "vitest";
import { page, startCloud, type Answer } from "../call/cloud.test.kit.ts";
import { action } from "../replies.test.kit.ts";
import { powerOn, resetServer } from "../server-actions.ts";

const NOW = Date.parse("2026-11-30T12:00:00Z");
const DATE = { date: new Date(NOW).toUTCString() };
const of = { id: 5, name: "pc1" };

/** The actions of the server, after the reply to its reset was lost; a second reset is action 9. */
const afterLostReply = (past: ReadonlyArray<Readonly<Record<string, unknown>>>) =>
  startCloud(({ line }, index): Answer => {
    if (index === 0) return "cut";
    return line.startsWith("GET")
      ? { ...(page("actions", past) as object), headers: DATE }
      : { status: 201, body: { action: action({ id: 9, command: "reset_server" }) } };
  });

/** `ago` seconds before the API's reply to the look-up. The client's pause was one second. */
const startedAgo = (ago: number) => new Date(NOW - ago * 1_000).toISOString();

test("an action is started by one POST", async () => {
  const cloud = await startCloud(() => ({ status: 201, body: { action: action({ id: 7 }) } }));
  const started = await powerOn(cloud.client, { of });
  expect(started.map(({ id }) => id)).toEqual([7]);
  expect(cloud.lines()).toEqual(["POST /servers/5/actions/poweron"]);
});

test("an action whose reply was lost is found, and not started again", async () => {
  const done = action({ id: 8, command: "reset_server", started: startedAgo(1) });
  const cloud = await afterLostReply([done]);
  const started = await resetServer(cloud.client, { of });
  expect(started.map(({ id }) => id)).toEqual([8]);
  expect(cloud.lines()).toEqual(["POST /servers/5/actions/reset", "GET /servers/5/actions"]);
  expect(cloud.calls[1]?.query.get("sort")).toBe("started:desc");
});

test.each([
  ["an earlier action of the same name", { command: "reset_server", started: startedAgo(60) }],
  ["another action", { command: "stop_server", started: startedAgo(1) }],
])("%s is not taken for the lost one", async (_, fields) => {
  const cloud = await afterLostReply([action({ id: 8, ...fields })]);
  const started = await resetServer(cloud.client, { of });
  expect(started.map(({ id }) => id)).toEqual([9]);
  expect(cloud.lines()).toEqual([
    "POST /servers/5/actions/reset",
    "GET /servers/5/actions",
    "POST /servers/5/actions/reset",
  ]);
});
