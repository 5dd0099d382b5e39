import { expect, test } from "vitest";
import type { CopySpec } from "../driver/driver.ts";
import { baselineId, baselineSnapshot, type BaselineInputs } from "./baseline-id.ts";
import { EMPTY_RECIPE, joinRecipes, type Recipe } from "./recipe.ts";

const pc1 = { name: "pc1", cpus: 1, memoryMb: 512, diskGb: 4, lanAddress: "10.77.0.11" };
const pc2 = { ...pc1, name: "pc2", lanAddress: "10.77.0.12" };
const recipe: Recipe = {
  packages: ["rsync", "curl"],
  files: [{ path: "/a", content: "x", mode: "0644", owner: "root:root" }],
  run: ["true"],
  timers: "hold",
};
const inputs: BaselineInputs = {
  copy: {
    rig: "pcs",
    copy: "pcs-1",
    folder: "/state",
    runtimeFolder: "/run",
    cacheFolder: "/cache",
    machines: [pc1, pc2],
  },
  fingerprint: { image: "sha256:aa", platform: "qemu 7.2.22, tcg" },
  recipes: { pc1: recipe, pc2: EMPTY_RECIPE },
  pristines: new Map([
    ["pc1", "pristine"],
    ["pc2", "pristine"],
  ]),
};
const upgraded = (...names: string[]): BaselineInputs => ({
  ...inputs,
  pristines: new Map(names.map((name) => [name, "pristine-20261130-034012"])),
});
const withCopy = (copy: Partial<CopySpec>): BaselineInputs => ({
  ...inputs,
  copy: { ...inputs.copy, ...copy },
});
const withRecipe = (changes: Partial<Recipe>): BaselineInputs => ({
  ...inputs,
  recipes: { ...inputs.recipes, pc1: { ...recipe, ...changes } },
});
const withFile = (changes: object): BaselineInputs =>
  withRecipe({ files: recipe.files.map((file) => ({ ...file, ...changes })) });

test("is 16 hex digits, and stable", () => {
  expect(baselineId(inputs)).toMatch(/^[0-9a-f]{16}$/);
  expect(baselineId(structuredClone(inputs))).toBe(baselineId(inputs));
  expect(baselineSnapshot("0123456789abcdef")).toBe("baseline-0123456789abcdef");
});

test.each<[string, BaselineInputs]>([
  ["image", { ...inputs, fingerprint: { ...inputs.fingerprint, image: "sha256:bb" } }],
  ["platform", { ...inputs, fingerprint: { ...inputs.fingerprint, platform: "qemu 8.0.0, tcg" } }],
  ["copy", withCopy({ copy: "pcs-2" })],
  ["machines", withCopy({ machines: [pc1] })],
  ["machine's name", withCopy({ machines: [pc1, { ...pc2, name: "pc3" }] })],
  ["processors", withCopy({ machines: [{ ...pc1, cpus: 2 }, pc2] })],
  ["memory", withCopy({ machines: [{ ...pc1, memoryMb: 1024 }, pc2] })],
  ["disk", withCopy({ machines: [{ ...pc1, diskGb: 8 }, pc2] })],
  ["address", withCopy({ machines: [{ ...pc1, lanAddress: "10.77.0.13" }, pc2] })],
  ["packages", withRecipe({ packages: ["rsync"] })],
  ["order of the packages", withRecipe({ packages: ["curl", "rsync"] })],
  ["commands", withRecipe({ run: ["true", "true"] })],
  ["files", withRecipe({ files: [] })],
  ["path of a file", withFile({ path: "/b" })],
  ["content of a file", withFile({ content: "y" })],
  ["mode of a file", withFile({ mode: "0600" })],
  ["owner of a file", withFile({ owner: "vmrig" })],
  ["upgrade of the packages", upgraded("pc1", "pc2")],
  ["machine that a recipe is for", { ...inputs, recipes: { pc1: EMPTY_RECIPE, pc2: recipe } }],
])("changes with the %s", (_what, changed) => {
  expect(baselineId(changed)).not.toBe(baselineId(inputs));
});

test.each<[string, BaselineInputs]>([
  [
    "folders",
    withCopy({ folder: "/elsewhere", runtimeFolder: "/elsewhere", cacheFolder: "/elsewhere" }),
  ],
  [
    "order of a file's fields",
    withRecipe({
      files: recipe.files.map(({ path, content, mode, owner }) => ({ owner, mode, content, path })),
    }),
  ],
  ["unknown fields", withCopy({ machines: [Object.assign({ note: "x" }, pc1), pc2] })],
  [
    "recipes of machines that do not exist",
    { ...inputs, recipes: { ...inputs.recipes, pc9: recipe } },
  ],
  ["upgrade of machines that do not exist", upgraded("pc9")],
  ["difference between an empty recipe and none", { ...inputs, recipes: { pc1: recipe } }],
])("does not change with the %s", (_what, changed) => {
  expect(baselineId(changed)).toBe(baselineId(inputs));
});

test("the joined recipe begins with the rig's recipe, and has no package twice", () => {
  const own: Recipe = {
    packages: ["vim", "rsync"],
    files: [{ path: "/a", content: "own", mode: "0600", owner: "vmrig" }],
    run: ["false"],
    timers: "run",
  };
  expect(joinRecipes(recipe, own)).toEqual({
    packages: ["rsync", "curl", "vim"],
    files: [...recipe.files, ...own.files],
    run: ["true", "false"],
    timers: "run",
  });
});

test("tells the upgrades of two machines apart", () => {
  expect(baselineId(upgraded("pc1"))).not.toBe(baselineId(upgraded("pc2")));
});

test("stays what it was before vmrig could upgrade packages", () => {
  expect(baselineId(inputs)).toBe("a1e72dd7b1f3b1e4");
});
