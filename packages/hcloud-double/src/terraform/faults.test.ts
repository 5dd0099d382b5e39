import { expect, test } from "vitest";
import type { HcloudDouble } from "../hcloud-double.ts";
import { copy, server, SURROUNDINGS } from "./configuration.test.kit.ts";
import { changesOf, startEngine, type Engine, type Run } from "./engine.test.kit.ts";

const COPY = copy({ one: server("one", "10.0.1.5") });
const CREATE = { method: "POST", path: /^\/servers$/ };
const ADDRESS = "hcloud_server.one";

interface Outcome {
  readonly engine: Engine;
  readonly run: Run;
  /** Addresses in the state; a tainted one has an exclamation mark. */
  readonly left: string[];
}

async function applyWith(disturb: (double: HcloudDouble) => void): Promise<Outcome> {
  const engine = await startEngine();
  await engine.write(COPY);
  disturb(engine.double);
  const run = await engine.run(["apply", "-auto-approve"]);
  const left = Object.entries(await engine.state()).map(
    ([address, { isTainted }]) => `${address}${isTainted ? "!" : ""}`,
  );
  return { engine, run, left };
}

const countPosts = ({ double }: Engine, path: RegExp): number =>
  double.calls.filter((call) => call.method === "POST" && path.test(call.path)).length;

test.for([
  [429, "rate_limit_exceeded", CREATE.path],
  [409, "conflict", /add_subnet/],
  [502, "bad_gateway", CREATE.path],
  [504, "timeout", CREATE.path],
  [423, "locked", /attach_to_network/],
] as const)("%i %s is sent again, and the apply succeeds", async ([status, code, path]) => {
  const { engine, run } = await applyWith((double) => {
    double.requestFaults.add({ method: "POST", path }, { kind: "refuse", status, code });
  });
  expect(run.code, run.output).toBe(0);
  expect(countPosts(engine, path)).toBe(2);
});

test.for([
  [503, "unavailable"],
  [500, "server_error"],
  [401, "unauthorized"],
  [403, "token_readonly"],
  [412, "resource_unavailable"],
  [403, "resource_limit_exceeded"],
] as const)("%i %s fails at once, with its code, and leaves nothing", async ([status, code]) => {
  const { engine, run, left } = await applyWith((double) => {
    double.requestFaults.add(CREATE, { kind: "refuse", status, code });
  });
  expect(run.code).toBe(1);
  expect(run.output).toMatch(new RegExp(`Error: ${code} \\(${code}, [0-9a-f-]+\\)`));
  expect(countPosts(engine, CREATE.path)).toBe(1);
  expect(left.sort()).toEqual([...SURROUNDINGS]);
});

test.for(["create_server", "start_server", "attach_to_network", "change_protection"])(
  "a failed action %s leaves a tainted server, which the next apply replaces",
  async (command) => {
    const { engine, run, left } = await applyWith((double) => {
      double.actionFaults.fail(command, { message: "Action failed" });
    });
    expect(run.output).toMatch(/Action failed \(action_failed, \d+\)/);
    expect(left).toContain(`${ADDRESS}!`);
    const { resource_changes: changes = [] } = await engine.plan();
    expect(changes.find(({ address }) => address === ADDRESS)).toMatchObject({
      action_reason: "replace_because_tainted",
      change: { actions: ["delete", "create"] },
    });
    await engine.apply();
    expect(changesOf(await engine.plan())).toEqual({});
    expect(engine.double.project.servers.all).toHaveLength(1);
  },
);

test("a firewall whose action fails is not in the state, and its name is taken", async () => {
  const { engine, left } = await applyWith((double) => {
    double.actionFaults.fail("set_firewall_rules");
  });
  expect(left).not.toContain("hcloud_firewall.f");
  const next = await engine.run(["apply", "-auto-approve"]);
  expect(next.output).toContain("(uniqueness_error");
});

test.for([
  ["a cut connection is not tried again", { kind: "cut-when-done" }, 'servers": EOF', 1],
  [
    "502 after the work is tried again",
    { kind: "refuse-when-done", status: 502, code: "bad_gateway" },
    "(uniqueness_error",
    2,
  ],
] as const)(
  "%s, and the server that exists is not in the state",
  async ([, fault, message, posts]) => {
    const { engine, run, left } = await applyWith((double) => {
      double.requestFaults.add(CREATE, fault);
    });
    expect([run.code, run.output]).toEqual([1, expect.stringContaining(message)]);
    expect(countPosts(engine, CREATE.path)).toBe(posts);
    expect(left.sort()).toEqual([...SURROUNDINGS]);
    expect(engine.double.project.servers.all).toHaveLength(1);
    const next = await engine.run(["apply", "-auto-approve"]);
    expect(next.output).toContain("(uniqueness_error");
  },
);

test("a cut GET is sent again", async () => {
  const { engine, run } = await applyWith((double) => {
    double.requestFaults.add({ method: "GET", path: /ssh_keys/ }, { kind: "cut" });
  });
  expect(run.code, run.output).toBe(0);
  expect(engine.double.project.servers.all).toHaveLength(1);
});

test("says which field of a key is invalid", async () => {
  const engine = await startEngine();
  await engine.write(copy({}, { key: { public_key: "none" } }));
  const { output } = await engine.run(["apply", "-auto-approve"]);
  expect(output).toContain("Invalid field in API request");
  expect(output).toContain("Field: public_key");
});
