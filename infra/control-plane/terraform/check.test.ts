import { expect, test } from "vitest";
import type { Plan, ResourceChange } from "../../../packages/vmrig/src/provision/plan/plan.ts";
import { checkChanges, describeChanges } from "./check.ts";

function planOf(
  address: string,
  actions: readonly string[],
  more: Partial<ResourceChange["change"]> = {},
): Plan {
  const [type = ""] = address.split(".");
  return {
    format_version: "1.2",
    resource_changes: [
      { address, type, mode: "managed", change: { actions: [...actions], ...more } },
    ],
  };
}

const SERVER = "hcloud_server.control";
const none = new Set<string>();

test.each([
  ["the volume is replaced", planOf("hcloud_volume.data", ["delete", "create"])],
  ["the address is deleted", planOf("hcloud_primary_ip.address", ["delete"])],
  ["the server is replaced", planOf(SERVER, ["delete", "create"])],
  [
    "the server is stopped for another type",
    planOf(SERVER, ["update"], {
      before: { server_type: "cx23" },
      after: { server_type: "cx33" },
    }),
  ],
])("is refused when %s, until it is allowed by address", (_, plan) => {
  const address = plan.resource_changes?.[0]?.address ?? "";
  expect(() => checkChanges(plan, none)).toThrow(
    expect.objectContaining({
      code: "PLAN_REFUSED",
      hint: expect.stringContaining(`apply --allow ${address}\``),
    }),
  );
  expect(describeChanges(checkChanges(plan, new Set([address])))).toEqual([
    expect.stringMatching(new RegExp(`^(?:replace|delete |update ) +${address}$`)),
  ]);
});

test("a new firewall rule passes, and is one line", () => {
  const changes = checkChanges(planOf("hcloud_firewall.redis", ["update"]), none);
  expect(describeChanges(changes)).toEqual(["update   hcloud_firewall.redis"]);
});

test("a refusal names the attribute, and never shows the user data", () => {
  const plan = planOf(SERVER, ["delete", "create"], {
    before: { user_data: "a secret" },
    after: { user_data: "another secret" },
    replace_paths: [["user_data"]],
  });
  expect(() => checkChanges(plan, none)).toThrow(
    expect.objectContaining({
      details: [`${SERVER} would be replaced, because of user_data`],
    }),
  );
});
