import { describe, expect, test } from "vitest";
import { checkPlan, type PlanPolicyRules } from "./plan-policy.ts";
import type { Plan, ResourceChange } from "./plan.ts";

const PC1 = "terraform_data.pc1";

interface Case {
  readonly title: string;
  readonly changes?: readonly ResourceChange[];
  readonly drift?: readonly ResourceChange[];
  readonly rules?: Partial<PlanPolicyRules>;
}

function change(
  actions: string[],
  more: Partial<ResourceChange> & { before?: unknown; after?: unknown; paths?: string[][] } = {},
): ResourceChange {
  const { before = null, after = null, paths, ...rest } = more;
  return {
    address: PC1,
    mode: "managed",
    type: "terraform_data",
    ...rest,
    change: { actions, before, after, ...(paths === undefined ? {} : { replace_paths: paths }) },
  };
}

function imported(actions: string[]): ResourceChange {
  const { change: planned, ...rest } = change(actions);
  return { ...rest, change: { ...planned, importing: { id: "42" } } };
}

function check(
  { changes = [], drift = [], rules = {} }: Omit<Case, "title">,
  plan: Partial<Plan> = {},
): ReturnType<typeof checkPlan> {
  return checkPlan(
    { format_version: "1.2", resource_changes: [...changes], resource_drift: [...drift], ...plan },
    { allow: new Set(), vanished: new Set(), ...rules },
  );
}

const ALLOWED = { allow: new Set([PC1]) };
const NONE = { created: [], adopted: [], updated: [], replaced: [], deleted: [] };
const SERVER = { address: "hcloud_server.pc1", type: "hcloud_server" };
const DISRUPTIVE = { disruptive: { hcloud_server: ["server_type"] } };

describe("passes", () => {
  test.for<Case & { readonly as: object }>([
    { title: "an empty plan", as: {} },
    { title: "no-op", changes: [change(["no-op"])], as: {} },
    { title: "a data source that is read", changes: [change(["read"], { mode: "data" })], as: {} },
    { title: "create", changes: [change(["create"])], as: { created: [PC1] } },
    {
      title: "an import without a change",
      changes: [imported(["no-op"])],
      as: { adopted: [PC1] },
    },
    { title: "an import with an update", changes: [imported(["update"])], as: { adopted: [PC1] } },
    {
      title: "a resource that moves to another address",
      changes: [change(["no-op"], { previous_address: "terraform_data.old" })],
      as: {},
    },
    { title: "update in place", changes: [change(["update"])], as: { updated: [PC1] } },
    {
      title: "update in place of an attribute that is not disruptive",
      changes: [
        change(["update"], {
          ...SERVER,
          before: { labels: 1, server_type: "a" },
          after: { labels: 2, server_type: "a" },
        }),
      ],
      rules: DISRUPTIVE,
      as: { updated: [SERVER.address] },
    },
    {
      title: "an allowed disruptive update",
      changes: [
        change(["update"], {
          ...SERVER,
          before: { server_type: "a" },
          after: { server_type: "b" },
        }),
      ],
      rules: { ...DISRUPTIVE, allow: new Set([SERVER.address]) },
      as: { updated: [SERVER.address] },
    },
    {
      title: "an allowed replacement",
      changes: [change(["delete", "create"])],
      rules: ALLOWED,
      as: { replaced: [PC1] },
    },
    {
      title: "an allowed replacement that creates first",
      changes: [change(["create", "delete"])],
      rules: ALLOWED,
      as: { replaced: [PC1] },
    },
    {
      title: "an allowed deletion",
      changes: [change(["delete"])],
      rules: ALLOWED,
      as: { deleted: [PC1] },
    },
    {
      title: "the replacement of a tainted resource",
      changes: [change(["delete", "create"], { action_reason: "replace_because_tainted" })],
      as: { replaced: [PC1] },
    },
    { title: "drift of an attribute", drift: [change(["update"])], as: {} },
    {
      title: "the allowed creation of a machine that was deleted outside of vmrig",
      changes: [change(["create"])],
      drift: [change(["delete"])],
      rules: ALLOWED,
      as: { created: [PC1] },
    },
    {
      title: "the allowed replacement of a machine that vanished",
      changes: [change(["delete", "create"])],
      rules: { ...ALLOWED, vanished: new Set([PC1]) },
      as: { replaced: [PC1] },
    },
  ])("$title", ({ as, ...input }) => {
    expect(check(input)).toEqual({ ok: true, changes: { ...NONE, ...as } });
  });
});

describe("refuses", () => {
  test.for<Case & { readonly as: object }>([
    {
      title: "an import that would replace what it imports",
      changes: [imported(["delete", "create"])],
      as: { kind: "replace", values: [] },
    },
    {
      title: "delete then create, with the changed values",
      changes: [
        change(["delete", "create"], {
          action_reason: "replace_because_cannot_update",
          paths: [["triggers_replace"]],
          before: { triggers_replace: { memory_mb: 512, image: "a" } },
          after: { triggers_replace: { memory_mb: 1024, image: "a" } },
        }),
      ],
      as: {
        kind: "replace",
        reason: "replace_because_cannot_update",
        values: [{ name: "memory_mb", before: "512", after: "1024" }],
      },
    },
    {
      title: "create then delete",
      changes: [change(["create", "delete"])],
      as: { kind: "replace" },
    },
    {
      title: "delete",
      changes: [change(["delete"], { action_reason: "delete_because_no_resource_config" })],
      as: { kind: "delete", reason: "delete_because_no_resource_config" },
    },
    {
      title: "the deletion of a tainted resource",
      changes: [change(["delete"], { action_reason: "replace_because_tainted" })],
      as: { kind: "delete" },
    },
    { title: "forget", changes: [change(["forget"])], as: { kind: "forget" } },
    {
      title: "forget, also when allowed, because the machine would be in no state",
      changes: [change(["forget"])],
      rules: ALLOWED,
      as: { kind: "forget" },
    },
    {
      title: "an unknown action",
      changes: [change(["defrost"])],
      as: { kind: "unknown", reason: "defrost" },
    },
    {
      title: "an unknown action, also when allowed",
      changes: [change(["defrost"])],
      rules: ALLOWED,
      as: { kind: "unknown" },
    },
    {
      title: "OpenTofu's forget then create, also when allowed",
      changes: [change(["forget", "create"])],
      rules: ALLOWED,
      as: { kind: "unknown", reason: "forget then create" },
    },
    {
      title: "create followed by an unknown action",
      changes: [change(["create", "defrost"])],
      as: { kind: "unknown" },
    },
    {
      title: "a change in an unknown mode",
      changes: [change(["create"], { mode: "ephemeral" })],
      as: { kind: "unknown" },
    },
    {
      title: "a data source that is deleted",
      changes: [change(["delete"], { mode: "data" })],
      as: { kind: "unknown" },
    },
    {
      title: "a machine that was deleted outside of vmrig",
      changes: [change(["create"])],
      drift: [change(["delete"])],
      as: { kind: "vanished" },
    },
    { title: "unknown drift", drift: [change(["defrost"])], as: { kind: "unknown" } },
    {
      title: "a machine that vanished without a planned change",
      changes: [change(["no-op"])],
      rules: { vanished: new Set([PC1]) },
      as: { kind: "vanished" },
    },
    {
      title: "an update in place that restarts a machine",
      changes: [
        change(["update"], {
          ...SERVER,
          before: { server_type: "a" },
          after: { server_type: "b" },
        }),
      ],
      rules: DISRUPTIVE,
      as: {
        address: SERVER.address,
        kind: "disrupt",
        values: [{ name: "server_type", before: '"a"', after: '"b"' }],
      },
    },
    {
      title: "a second resource when only the first is allowed",
      changes: [change(["delete"]), change(["delete"], { address: "terraform_data.pc2" })],
      rules: ALLOWED,
      as: { address: "terraform_data.pc2", kind: "delete" },
    },
  ])("$title", ({ as, ...input }) => {
    expect(check(input)).toMatchObject({ ok: false, refused: [{ address: PC1, ...as }] });
  });

  test("the whole plan because of one address, and lists each refused address once", () => {
    const verdict = check({
      changes: [
        change(["create"], { address: "terraform_data.new" }),
        change(["delete", "create"]),
      ],
      drift: [change(["delete"])],
      rules: { vanished: new Set([PC1, "terraform_data.pc2"]) },
    });

    expect(verdict).toMatchObject({
      ok: false,
      refused: [
        { address: PC1, kind: "replace" },
        { address: "terraform_data.pc2", kind: "vanished" },
      ],
    });
  });
});

describe("throws for a plan that", () => {
  test.for<[string, Partial<Plan>]>([
    ["has an unknown format", { format_version: "2.0" }],
    ["has an unknown format that begins with a known digit", { format_version: "10.1" }],
    ["ended with an error", { errored: true }],
    ["is incomplete", { complete: false }],
  ])("%s", ([, plan]) => {
    expect(() => check({}, plan)).toThrow(
      expect.objectContaining({ code: "TERRAFORM_FAILED" }) as Error,
    );
  });
});
