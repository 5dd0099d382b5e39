import { expect, test } from "vitest";
import { judgeResources, resourcesInState } from "./judge-end.ts";

const RESOURCES = [
  { kind: "servers", id: 1001, name: "chaos-1-pc1" },
  { kind: "networks", id: 1002, name: "chaos-1" },
  { kind: "primaryIps", id: 1003, name: "of the server" },
];
const resource = (type: string, id: string, mode = "managed") => ({
  mode,
  type,
  instances: [{ attributes: { id } }],
});
const STATE = JSON.stringify({
  resources: [
    resource("hcloud_server", "1001"),
    resource("hcloud_network", "1002"),
    resource("hcloud_network_subnet", "1002-10.77.0.0/24"),
    resource("hcloud_image", "103", "data"),
    resource("terraform_data", "owner"),
  ],
});

test("accepts a cloud that has exactly what the states have", () => {
  expect(judgeResources(resourcesInState(STATE), RESOURCES)).toEqual([]);
});

test("detects a server that no state knows, and one that only the state knows", () => {
  const moved = RESOURCES.map((one) => (one.kind === "servers" ? { ...one, id: 1009 } : one));
  expect(judgeResources(resourcesInState(STATE), moved)).toEqual([
    { promise: "known", what: 'no state knows servers 1009 "chaos-1-pc1"' },
    { promise: "known", what: "a state has servers 1001, which does not exist" },
  ]);
});
