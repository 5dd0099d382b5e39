import { expect, test } from "vitest";
import { apiCodeOf } from "./api-error.ts";
import { creating, FOUND, READ } from "./calls.test.kit.ts";
import { refusal, startCloud, type Answer } from "./cloud.test.kit.ts";

const BAD_GATEWAY: Answer = { status: 502, body: "<html>bad gateway</html>" };

/** Answers after which the call may have been done. */
const LOST: ReadonlyArray<[string, Answer]> = [
  ["502", BAD_GATEWAY],
  ["503 unavailable", refusal(503, "unavailable")],
  ["504 timeout", refusal(504, "timeout")],
  ["a cut connection", "cut"],
];

test.each<[string, Answer]>([
  ["conflict", refusal(409, "conflict")],
  ["locked", refusal(423, "locked")],
  ["rate_limit_exceeded", refusal(429, "rate_limit_exceeded")],
])("a call that the API refused as %s is repeated, also one that creates", async (_, answer) => {
  const cloud = await startCloud((_, index) => (index < 2 ? answer : FOUND));
  const call = creating();
  await expect(cloud.client.call(call)).resolves.toEqual({ server: { id: 5 } });
  expect(cloud.lines()).toEqual(["POST /servers", "POST /servers", "POST /servers"]);
});

test.each(LOST)(
  "after %s, a call that only reads is repeated with growing pauses",
  async (_, answer) => {
    const cloud = await startCloud((_, index) => (index < 3 ? answer : FOUND));
    await expect(cloud.client.call(READ)).resolves.toEqual({ server: { id: 5 } });
    expect(cloud.clock.pauses).toEqual([1_000, 2_000, 4_000]);
  },
);

test.each(LOST)("after %s, a POST is looked up before it is repeated", async (_, answer) => {
  const cloud = await startCloud((_, index) => (index === 0 ? answer : FOUND));
  let lookUps = 0;
  const call = creating(() => (lookUps++, undefined));
  await expect(cloud.client.call(call)).resolves.toEqual({ server: { id: 5 } });
  expect([lookUps, cloud.lines()]).toEqual([1, ["POST /servers", "POST /servers"]]);
});

test("a POST that was done although its reply was lost is not sent again", async () => {
  const cloud = await startCloud(() => "cut");
  await expect(cloud.client.call(creating(() => ({ server: { id: 9 } })))).resolves.toEqual({
    server: { id: 9 },
  });
  expect(cloud.lines()).toEqual(["POST /servers"]);
});

test("a POST that was done slowly is found when its repetition gets uniqueness_error", async () => {
  const cloud = await startCloud((_, index) =>
    index === 0 ? BAD_GATEWAY : refusal(409, "uniqueness_error"),
  );
  let lookUps = 0;
  const call = creating(() => (++lookUps === 1 ? undefined : { server: { id: 9 } }));
  await expect(cloud.client.call(call)).resolves.toEqual({ server: { id: 9 } });
  expect(cloud.lines()).toHaveLength(2);
});

test("uniqueness_error at the first attempt is an error, because another one has the name", async () => {
  const cloud = await startCloud(() => refusal(409, "uniqueness_error"));
  const call = creating();
  await expect(cloud.client.call(call)).rejects.toMatchObject({ apiCode: "uniqueness_error" });
});

test.each([
  [400, "json_error"],
  [401, "unauthorized"],
  [401, "token_readonly"],
  [403, "forbidden"],
  [403, "maintenance"],
  [403, "resource_limit_exceeded"],
  [404, "not_found"],
  [405, "method_not_allowed"],
  [409, "uniqueness_error"],
  [410, "deprecated_api_endpoint"],
  [412, "resource_unavailable"],
  [422, "invalid_input"],
  [423, "protected"],
  [500, "server_error"],
])("%i %s is never repeated", async (status, code) => {
  const cloud = await startCloud(() => refusal(status, code));
  const error = await cloud.client.call(READ).catch((thrown: unknown) => thrown);
  expect(apiCodeOf(error)).toBe(code);
  expect(error).toMatchObject({
    code: status === 500 ? "CLOUD_UNREACHABLE" : "CLOUD_REFUSED",
    hint: expect.any(String),
  });
  expect([cloud.lines(), cloud.clock.pauses]).toEqual([["GET /servers/5"], []]);
});

test("gives up a reply that does not come, and repeats the call", async () => {
  const cloud = await startCloud((_, index) => (index === 0 ? "silence" : FOUND), { replyMs: 50 });
  await expect(cloud.client.call(READ)).resolves.toEqual({ server: { id: 5 } });
  expect(cloud.lines()).toHaveLength(2);
});

test("a POST is repeated without a look-up when no connection was open", async () => {
  const cloud = await startCloud(() => FOUND);
  const closed = cloud.connect({ endpoint: "http://127.0.0.1:1/v1" });
  const call = creating();
  await expect(closed.call(call)).rejects.toMatchObject({
    code: "CLOUD_UNREACHABLE",
    summary: expect.stringContaining("ECONNREFUSED 127.0.0.1:1"),
    details: ["no reply to POST /servers", expect.stringContaining("attempts in 300.0 s")],
  });
});

test("a reply that is no JSON comes from a proxy, and the call is not repeated", async () => {
  const cloud = await startCloud(() => ({ body: "<html>log in to this network</html>" }));
  await expect(cloud.client.call(READ)).rejects.toMatchObject({
    code: "CLOUD_UNREACHABLE",
    summary: expect.stringContaining("a proxy or another server has sent it"),
  });
  expect(cloud.calls).toHaveLength(1);
});

test("a server that speaks no TLS gets one attempt, and no token", async () => {
  const cloud = await startCloud(() => FOUND);
  const client = cloud.connect({ endpoint: cloud.endpoint.replace("http:", "https:") });
  await expect(client.call(READ)).rejects.toMatchObject({ code: "CLOUD_UNREACHABLE" });
  expect([cloud.calls, cloud.clock.pauses]).toEqual([[], []]);
});
