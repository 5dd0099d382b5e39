import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { test } from "./test-provision.test.kit.ts";
import { readStateStamp } from "./state-stamp.ts";

const STATE = { version: 4, lineage: "l", serial: 3, resources: [] };

test.for([
  ["there is no file", undefined],
  ["Terraform only took the lock", ""],
  ["all machines are destroyed", JSON.stringify(STATE)],
] as const)("has no stamp when %s", async ([, text], { scene }) => {
  await mkdir(scene.files.folder);
  if (text !== undefined) await writeFile(scene.files.state, text);

  expect(await readStateStamp(scene.copy)).toBeUndefined();
});

test.for([
  ["a version that nobody knows", JSON.stringify({ ...STATE, version: 5 })],
  ["half a file", JSON.stringify(STATE).slice(0, 20)],
] as const)("refuses %s", async ([, text], { scene }) => {
  await mkdir(scene.files.folder);
  await writeFile(scene.files.state, text);

  await expect(readStateStamp(scene.copy)).rejects.toMatchObject({ code: "STATE_LOST" });
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
 * The packages that a file imports, itself or through files of ours; imports of types cost nothing.
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
