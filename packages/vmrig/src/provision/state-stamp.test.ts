import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { test } from "./test-rig.test.kit.ts";
import { readStateStamp } from "./state-stamp.ts";

const STATE = { version: 4, lineage: "l", serial: 3, resources: [] };

test.for([
  ["there is no file", undefined],
  ["Terraform has only taken the lock", ""],
  ["all machines are destroyed", JSON.stringify(STATE)],
] as const)("there is no stamp when %s", async ([, text], { testRig }) => {
  await mkdir(testRig.files.folder);
  if (text !== undefined) await writeFile(testRig.files.state, text);

  expect(await readStateStamp(testRig.copy)).toBeUndefined();
});

test.for([
  ["an unknown version", JSON.stringify({ ...STATE, version: 5 })],
  ["a truncated file", JSON.stringify(STATE).slice(0, 20)],
] as const)("refuses %s", async ([, text], { testRig }) => {
  await mkdir(testRig.files.folder);
  await writeFile(testRig.files.state, text);

  await expect(readStateStamp(testRig.copy)).rejects.toMatchObject({ code: "STATE_LOST" });
});

test.for(["state-stamp.ts", "infrastructure-hash.ts"])(
  "%s loads neither cdktf nor execa",
  async (file) => {
    const packages = await packagesOf(fileURLToPath(new URL(file, import.meta.url)));

    expect(packages.filter((name) => !name.startsWith("node:")).toSorted()).toEqual(
      file === "state-stamp.ts" ? ["zod"] : [],
    );
  },
);

/**
 * Returns the packages that a file imports, also through files of vmrig. Type imports do not count.
 */
async function packagesOf(file: string, seen = new Set<string>()): Promise<string[]> {
  if (seen.has(file)) return [];
  seen.add(file);
  const source = await readFile(file, "utf8");
  const names = [...source.matchAll(/^import (?!type )[^;]*? from "([^"]+)"/gm)].map(
    (match) => match[1] ?? "",
  );
  const found = await Promise.all(
    names.map(async (name) =>
      name.startsWith(".") ? await packagesOf(resolve(dirname(file), name), seen) : [name],
    ),
  );
  return [...new Set(found.flat())];
}
