import { describe, expect, test } from "vitest";
import { checkPlan, type PlanPolicyRules } from "./plan-policy.ts";
import type { Plan, ResourceChange } from "./plan.ts";

const PC1 = "terraform_data.pc1";

interface Case {
  readonly what: string;
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

function judge(
  { changes = [], drift = [], rules = {} }: Omit<Case, "what">,
  plan: Partial<Plan> = {},
): ReturnType<typeof checkPlan> {
  return checkPlan(
    { format_version: "1.2", resource_changes: [...changes], resource_drift: [...drift], ...plan },
    { allow: new Set(), vanished: new Set(), ...rules },
  );
}

const ALLOWED = { allow: new Set([PC1]) };
const NONE = { created: [], updated: [], replaced: [], deleted: [] };
const SERVER = { address: "hcloud_server.pc1", type: "hcloud_server" };
const DISRUPTIVE = { disruptive: { hcloud_server: ["server_type"] } };

describe("passes", () => {
  test.for<Case & { readonly as: object }>([
    { what: "an empty plan", as: {} },
    { what: "no-op", changes: [change(["no-op"])], as: {} },
    { what: "the read of a data source", changes: [change(["read"], { mode: "data" })], as: {} },
    { what: "create", changes: [change(["create"])], as: { created: [PC1] } },
    { what: "update in place", changes: [change(["update"])], as: { updated: [PC1] } },
    {
      what: "update in place of what disrupts nothing",
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
      what: "an allowed disruptive update",
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
      what: "an allowed replacement",
      changes: [change(["delete", "create"])],
      rules: ALLOWED,
      as: { replaced: [PC1] },
    },
    {
      what: "an allowed replacement that creates first",
      changes: [change(["create", "delete"])],
      rules: ALLOWED,
      as: { replaced: [PC1] },
    },
    {
      what: "an allowed deletion",
      changes: [change(["delete"])],
      rules: ALLOWED,
      as: { deleted: [PC1] },
    },
    {
      what: "the replacement of what was never finished",
      changes: [change(["delete", "create"], { action_reason: "replace_because_tainted" })],
      as: { replaced: [PC1] },
    },
    { what: "drift of an attribute", drift: [change(["update"])], as: {} },
    {
      what: "an allowed new one for what drifted away",
      changes: [change(["create"])],
      drift: [change(["delete"])],
      rules: ALLOWED,
      as: { created: [PC1] },
    },
    {
      what: "an allowed new one for what vanished",
      changes: [change(["delete", "create"])],
      rules: { ...ALLOWED, vanished: new Set([PC1]) },
      as: { replaced: [PC1] },
    },
  ])("$what", ({ as, ...given }) => {
    expect(judge(given)).toEqual({ ok: true, changes: { ...NONE, ...as } });
  });
});

describe("refuses", () => {
  test.for<Case & { readonly as: object }>([
    {
      what: "delete then create, with the values that cause it",
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
      what: "create then delete",
      changes: [change(["create", "delete"])],
      as: { kind: "replace" },
    },
    {
      what: "delete",
      changes: [change(["delete"], { action_reason: "delete_because_no_resource_config" })],
      as: { kind: "delete", reason: "delete_because_no_resource_config" },
    },
    {
      what: "the deletion of a tainted resource",
      changes: [change(["delete"], { action_reason: "replace_because_tainted" })],
      as: { kind: "delete" },
    },
    { what: "forget", changes: [change(["forget"])], as: { kind: "forget" } },
    {
      what: "forget, also when allowed: nobody would know the machine any more",
      changes: [change(["forget"])],
      rules: ALLOWED,
      as: { kind: "forget" },
    },
    {
      what: "an action that nobody knows",
      changes: [change(["defrost"])],
      as: { kind: "unknown", reason: "defrost" },
    },
    {
      what: "an action that nobody knows, also when allowed",
      changes: [change(["defrost"])],
      rules: ALLOWED,
      as: { kind: "unknown" },
    },
    {
      what: "OpenTofu's forget then create",
      changes: [change(["forget", "create"])],
      rules: ALLOWED,
      as: { kind: "unknown", reason: "forget then create" },
    },
    {
      what: "create with something unknown in its wake",
      changes: [change(["create", "defrost"])],
      as: { kind: "unknown" },
    },
    {
      what: "a change of a mode that nobody knows",
      changes: [change(["create"], { mode: "ephemeral" })],
      as: { kind: "unknown" },
    },
    {
      what: "a data source that is deleted",
      changes: [change(["delete"], { mode: "data" })],
      as: { kind: "unknown" },
    },
    {
      what: "a machine that drifted away",
      changes: [change(["create"])],
      drift: [change(["delete"])],
      as: { kind: "vanished" },
    },
    { what: "drift that nobody knows", drift: [change(["defrost"])], as: { kind: "unknown" } },
    {
      what: "a machine that vanished without Terraform's noticing",
      changes: [change(["no-op"])],
      rules: { vanished: new Set([PC1]) },
      as: { kind: "vanished" },
    },
    {
      what: "an update in place that restarts a machine",
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
      what: "a second resource although the first is allowed",
      changes: [change(["delete"]), change(["delete"], { address: "terraform_data.pc2" })],
      rules: ALLOWED,
      as: { address: "terraform_data.pc2", kind: "delete" },
    },
  ])("$what", ({ as, ...given }) => {
    expect(judge(given)).toMatchObject({ ok: false, refused: [{ address: PC1, ...as }] });
  });

  test("all of a plan for one address, and lists every such address once", () => {
    const verdict = judge({
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

describe("throws on a plan that", () => {
  test.for<[string, Partial<Plan>]>([
    ["has an unknown format", { format_version: "2.0" }],
    ["has a format that only begins alike", { format_version: "10.1" }],
    ["ended with an error", { errored: true }],
    ["is incomplete", { complete: false }],
  ])("%s", ([, plan]) => {
    expect(() => judge({}, plan)).toThrow(
      expect.objectContaining({ code: "TERRAFORM_FAILED" }) as Error,
    );
  });
});
