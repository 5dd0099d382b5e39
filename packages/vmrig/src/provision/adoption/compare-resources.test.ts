import { expect, test } from "vitest";
import type { FoundResource } from "../../driver/found-resource.ts";
import { compareResources, type CompareResourcesOptions } from "./compare-resources.ts";
import type { State, StateResource } from "../state.ts";

const ADDRESS = "hcloud_server.pc1";
const FOUND: FoundResource = { address: ADDRESS, id: "42", owner: "me", location: "server 42" };
const HALF: FoundResource = { ...FOUND, incomplete: true };
const IN_STATE: StateResource = { address: ADDRESS, name: "pc1", id: "42", tainted: false };
const OTHER_ID = { ...IN_STATE, id: "7" };

const state = (...resources: readonly StateResource[]): State => ({
  lineage: "l",
  serial: 3,
  owner: "me",
  resources,
});
const OPTIONS: Omit<CompareResourcesOptions, "found"> = {
  state: state(),
  declared: new Set([ADDRESS]),
  applying: [],
  allow: new Set(),
};
const UNDECLARED = { declared: new Set<string>() };
const ALLOWED = { allow: new Set([ADDRESS]) };
const KILLED = { applying: ["pc1"] };

function compare(
  found: readonly FoundResource[],
  more: Partial<CompareResourcesOptions>,
): readonly string[] {
  const { adopt, forget, discard, lost, interrupted } = compareResources({
    ...OPTIONS,
    found,
    ...more,
  });
  return [
    ...[...adopt.values()].map((id) => `adopt ${id}`),
    ...forget.map(() => "forget the old one"),
    ...[...discard.keys()].map(({ id }) => `discard ${id}`),
    ...[...lost].map(([{ id }, { allowable }]) => `lost ${id}${allowable ? ", allowable" : ""}`),
    ...interrupted.map(() => "interrupted"),
  ];
}

test.for<[string, readonly FoundResource[], Partial<CompareResourcesOptions>, readonly string[]]>([
  ["the resource of the state", [FOUND], { state: state(IN_STATE) }, []],
  ["a resource that the state lacks", [FOUND], {}, ["adopt 42"]],
  ["half a resource that the state lacks", [HALF], {}, ["discard 42"]],
  ["half a resource that the state has", [HALF], { state: state(IN_STATE) }, []],
  ["half a resource that the config does not have", [HALF], UNDECLARED, ["discard 42"]],
  ["one that the config does not have", [FOUND], UNDECLARED, ["lost 42, allowable"]],
  ["such a one with permission", [FOUND], { ...UNDECLARED, ...ALLOWED }, ["discard 42"]],
  [
    "the new one of a killed replacement",
    [FOUND],
    { state: state(OTHER_ID), ...KILLED },
    ["adopt 42", "forget the old one"],
  ],
  [
    "a second one, beside that of the state",
    [{ ...FOUND, id: "7" }, FOUND],
    { state: state(OTHER_ID) },
    ["lost 42"],
  ],
  ["two that the state lacks", [FOUND, { ...FOUND, id: "43" }], {}, ["adopt 42", "lost 43"]],
  ["one of another owner", [{ ...FOUND, owner: "you" }], {}, ["lost 42"]],
  [
    "half of one of another owner, with permission",
    [{ ...HALF, owner: "you" }],
    ALLOWED,
    ["lost 42"],
  ],
  ["one without an owner", [{ ...FOUND, owner: undefined }], {}, ["lost 42"]],
  ["one, and no state", [FOUND], { state: undefined }, ["lost 42"]],
  [
    "none that a killed apply was replacing",
    [],
    { state: state(IN_STATE), ...KILLED },
    ["interrupted"],
  ],
  ["none that was deleted outside of vmrig", [], { state: state(IN_STATE) }, []],
])("finds %s", ([, found, more, result]) => {
  expect(compare(found, more)).toEqual(result);
});

test("names both owners", () => {
  const { lost } = compareResources({ ...OPTIONS, found: [{ ...FOUND, owner: "you" }] });
  expect([...lost.values()]).toMatchObject([
    { why: "it belongs to the state of you, not to that of me" },
  ]);
});
