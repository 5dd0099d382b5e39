import { inspect } from "node:util";
import { expect, test } from "vitest";
import { startCloud, type Answer, type ReceivedCall } from "./cloud.test.kit.ts";
import type { Call } from "./call.ts";

const CALL: Call = { method: "GET", path: "/servers", query: { name: "pc1" }, task: "list" };

/** All that a log, a reporter or a debugger may print of a value. */
const printed = (value: unknown): string =>
  [
    inspect(value, { depth: Infinity, showHidden: true, getters: true }),
    String(value),
    JSON.stringify(value),
    value instanceof Error ? value.stack : "",
  ].join("\n");

/** An API that repeats the token wherever it can. */
const echo = (status: number, { headers: { authorization = "" } }: ReceivedCall): Answer => ({
  status,
  headers: { "x-correlation-id": authorization.replace("Bearer ", "") },
  body: {
    error: {
      code: authorization,
      message: `no access with ${authorization}`,
      details: { fields: [{ name: authorization, messages: [authorization] }] },
    },
  },
});

test.each([401, 422, 500])(
  "the token is not in an error, even if a reply of %i echoes it",
  async (status) => {
    const cloud = await startCloud((call) => echo(status, call));
    const error = await cloud.client.call(CALL).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ summary: expect.stringContaining("no access with Bearer ***") });
    expect(printed(error)).not.toContain(cloud.token);
  },
);

test("the token is not in the error of a connection that was cut, nor in its causes", async () => {
  const cloud = await startCloud(() => "cut");
  const error = await cloud.client.call(CALL).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "CLOUD_UNREACHABLE", cause: expect.any(Error) });
  expect(printed(error)).not.toContain(cloud.token);
});

test("the token is not in a reply that echoes it", async () => {
  const cloud = await startCloud(({ headers }) => ({ body: { echo: headers.authorization } }));
  await expect(cloud.client.call(CALL)).resolves.toEqual({ echo: "Bearer ***" });
});

test("the token is not in what a debugger shows of a client", async () => {
  const cloud = await startCloud(() => ({ body: {} }));
  await cloud.client.call(CALL);
  expect(printed(cloud.client)).not.toContain(cloud.token);
});

test("the token travels only in its header, not in the URL or the body", async () => {
  const cloud = await startCloud(() => ({ body: {} }));
  await cloud.client.call(CALL);
  await cloud.client.call({ method: "PUT", path: "/servers/5", body: { name: "a" }, task: "x" });
  for (const { headers, ...call } of cloud.calls) {
    expect(headers.authorization).toBe(`Bearer ${cloud.token}`);
    expect(printed(call)).not.toContain(cloud.token);
  }
});

test("spaces and line breaks around a token do not count", async () => {
  const cloud = await startCloud(() => ({ body: {} }), { token: " abc123def456\n" });
  await cloud.client.call(CALL);
  expect(cloud.calls[0]?.headers.authorization).toBe("Bearer abc123def456");
});

test.each([
  ["", "The token for Hetzner Cloud is empty."],
  [
    "two words",
    "The token for Hetzner Cloud has characters that no token has (9 characters in total).",
  ],
  [
    '"quoted"',
    "The token for Hetzner Cloud has characters that no token has (8 characters in total).",
  ],
])("refuses %j as a token, without showing it", async (token, summary) => {
  const cloud = await startCloud(() => ({ body: {} }));
  expect(() => cloud.connect({ token })).toThrow(
    expect.objectContaining({ code: "CLOUD_REFUSED", summary }),
  );
});
