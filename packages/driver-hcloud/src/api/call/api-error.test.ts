import { expect, test } from "vitest";
import type { Call } from "./call.ts";
import { creating, READ } from "./calls.test.kit.ts";
import { refusal, startCloud } from "./cloud.test.kit.ts";

test("an error says which call, on what, the API's message and code, its facts and a hint", async () => {
  const cloud = await startCloud(() => ({
    ...(refusal(422, "invalid_input", {
      message: "invalid input in fields 'image', 'name'.",
      details: {
        fields: [{ name: "image", messages: ["image not found", "try another"] }, { name: "name" }],
      },
    }) as object),
    headers: { "x-correlation-id": "79d3a3fb7b2d" },
  }));
  await expect(cloud.client.call(creating())).rejects.toMatchObject({
    code: "CLOUD_REFUSED",
    summary: `Hetzner Cloud refused to create the server "pc1": invalid input in fields 'image', 'name' (invalid_input).`,
    details: [
      "POST /servers was answered with 422",
      "field image: image not found, try another",
      "field name",
      "correlation id: 79d3a3fb7b2d",
    ],
    hint: "the fields above have values that the API does not accept",
  });
});

test.each([
  ["resource_limit_exceeded", { limits: [{ name: "servers" }] }, "limit reached: servers"],
  [
    "deprecated_api_endpoint",
    { announcement: "https://x.example" },
    "announcement: https://x.example",
  ],
])("the error of %s has its details", async (code, details, line) => {
  const cloud = await startCloud(() => refusal(403, code, { details }));
  await expect(cloud.client.call(READ)).rejects.toMatchObject({
    details: expect.arrayContaining([line]),
  });
});

test("details in a form that is unknown do not hide the error", async () => {
  const cloud = await startCloud(() => refusal(422, "invalid_input", { details: { fields: 5 } }));
  await expect(cloud.client.call(READ)).rejects.toMatchObject({ apiCode: "invalid_input" });
});

test("protected is explained, and says how to go on", async () => {
  const cloud = await startCloud(() =>
    refusal(423, "protected", { message: "server deletion is protected" }),
  );
  const call: Call = { method: "DELETE", path: "/servers/5", task: 'delete the server "pc1" (5)' };
  await expect(cloud.client.call(call)).rejects.toMatchObject({
    summary:
      'Hetzner Cloud refused to delete the server "pc1" (5): server deletion is protected (protected).',
    hint: expect.stringContaining("switch the protection off"),
  });
});

test("a lock that stays ends the call at its deadline, with the API's reason and the wait", async () => {
  const cloud = await startCloud(() => refusal(423, "locked", { message: "server is locked" }));
  await expect(cloud.client.call(creating())).rejects.toMatchObject({
    code: "CLOUD_REFUSED",
    summary: 'Hetzner Cloud refused to create the server "pc1": server is locked (locked).',
    details: ["POST /servers was answered with 423", "after 150 attempts in 300.0 s"],
    hint: expect.stringContaining("another action holds it"),
  });
});

test("an API that never answers ends the call, and says that it may have been done", async () => {
  const cloud = await startCloud(() => "cut");
  await expect(cloud.client.call(creating(() => undefined))).rejects.toMatchObject({
    code: "CLOUD_UNREACHABLE",
    summary: expect.stringMatching(
      /^Hetzner Cloud did not answer the call to create the server "pc1": .+\.$/,
    ),
    details: [
      "no reply to POST /servers",
      expect.stringMatching(/^after \d+ attempts in 300\.0 s$/),
      "it may have been done all the same: a reply was lost",
    ],
    cause: expect.any(Error),
  });
});

test("a change that the API refuses after a lost reply was not done", async () => {
  const cloud = await startCloud((_, index) => (index === 0 ? "cut" : refusal(423, "protected")));
  const call: Call = { method: "DELETE", path: "/servers/5", task: 'delete the server "pc1" (5)' };
  await expect(cloud.client.call(call)).rejects.toMatchObject({
    details: ["DELETE /servers/5 was answered with 423", "after 2 attempts in 1.0 s"],
  });
});

test("a deletion that is never answered may have been done", async () => {
  const cloud = await startCloud(() => "cut");
  const call: Call = { method: "DELETE", path: "/servers/5", task: 'delete the server "pc1" (5)' };
  await expect(cloud.client.call(call)).rejects.toMatchObject({
    details: expect.arrayContaining(["it may have been done all the same: a reply was lost"]),
  });
});
