import { expect, test } from "vitest";
import { compareStates, describeChange } from "./describe-change.ts";
import { hasMachines, parseResources } from "./resources.ts";

const resource = (fields: object) => ({
  mode: "managed",
  type: "terraform_data",
  name: "pc",
  instances: [{}],
  ...fields,
});
const stateOf = (...resources: readonly object[]) => JSON.stringify({ version: 4, resources });

// The addresses are those of `terraform state list` 1.11.4.
test.each<[address: string, fields: object]>([
  ["terraform_data.pc", {}],
  ["terraform_data.pc[1]", { instances: [{ index_key: 1 }] }],
  ['terraform_data.pc["a b"]', { instances: [{ index_key: "a b" }] }],
  ['module.net["x"].terraform_data.pc', { module: 'module.net["x"]' }],
  ["data.terraform_data.pc", { mode: "data" }],
  ["module.net.data.terraform_data.pc", { mode: "data", module: "module.net" }],
])("%s is the address of a resource", (address, fields) => {
  expect(parseResources(stateOf(resource(fields)))).toMatchObject([{ address }]);
});

test("tainted and deposed instances are marked", () => {
  const instances = [{ status: "tainted" }, { deposed: "00000001" }];
  expect(parseResources(stateOf(resource({ instances })))).toMatchObject([
    { tainted: true, deposed: false },
    { tainted: false, deposed: true },
  ]);
});

test.each(["", "{}", '{"resources":[1]}', '{"serial":1,"encrypted_data":"x"}'])(
  "the resources of %j are not readable",
  (text) => {
    expect(parseResources(text)).toBeUndefined();
    expect(hasMachines(text)).toBe(true);
  },
);

test("a state with an owner and data sources has no machines", () => {
  const owner = resource({ name: "vmrig_owner" });
  expect(hasMachines(stateOf(owner, resource({ mode: "data" })))).toBe(false);
  expect(hasMachines(stateOf(owner, resource({})))).toBe(true);
});

test("a deposed instance is a change beside the one that replaced it", () => {
  const before = stateOf(resource({ instances: [{ attributes: { id: "1" } }] }));
  const after = stateOf(
    resource({ instances: [{ attributes: { id: "2" } }, { deposed: "1", attributes: {} }] }),
  );
  expect(compareStates(before, after)).toEqual({
    added: ["terraform_data.pc (deposed)"],
    removed: [],
    changed: ["terraform_data.pc"],
  });
});

test("a change lists each instance of a resource, and no data source", () => {
  const a = { index_key: "a" };
  const before = stateOf(resource({ instances: [a, { index_key: "b" }] }));
  const after = stateOf(
    resource({ instances: [{ ...a, status: "tainted" }, { index_key: "c" }] }),
    resource({ mode: "data" }),
  );
  expect(compareStates(before, after)).toEqual({
    added: ['terraform_data.pc["c"]'],
    removed: ['terraform_data.pc["b"]'],
    changed: ['terraform_data.pc["a"]'],
  });
  expect(describeChange(before, after)).toBe("+1 -1 ~1");
  expect(describeChange(before, "{}")).toBe("encrypted");
});
