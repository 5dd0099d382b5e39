import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { seededRandom } from "../../../seeded-random.test.kit.ts";
import { NASTY } from "../../../ssh/fixtures/nasty-text.test.kit.ts";

/** Creates a folder with every property that a copy can lose. */
export async function makeTree(here: string, name: string): Promise<string> {
  const tree = join(here, name);
  await mkdir(join(tree, "empty"), { recursive: true });
  await mkdir(join(tree, "shut/in"), { recursive: true });
  await writeFile(join(tree, "shut/in/file"), "within");
  await writeFile(join(tree, "tool"), "#!/bin/sh\n", { mode: 0o755 });
  await writeFile(join(tree, ".hidden"), seededRandom().bytes(70_000));
  for (const nasty of NASTY.slice(1).filter((one) => !one.includes("/")))
    await writeFile(join(tree, nasty), nasty);
  await writeFile(join(tree, "é".repeat(127)), "long");
  await symlink("no where\n", join(tree, "dangling"));
  await symlink("tool", join(tree, "link"));
  await utimes(join(tree, "tool"), 1_700_000_000.25, 1_700_000_000.25);
  await chmod(join(tree, "empty"), 0o2770);
  await chmod(join(tree, "shut/in"), 0o555);
  await chmod(join(tree, "shut"), 0o555);
  return tree;
}

/** Returns mode, time and content of all files of the tree, by path. */
export async function inventory(folder: string, path = "."): Promise<Record<string, string>> {
  const facts = await lstat(join(folder, path));
  const content = facts.isSymbolicLink()
    ? await readlink(join(folder, path))
    : facts.isFile()
      ? (await readFile(join(folder, path))).toString("hex")
      : "";
  const own = {
    [path]: `${(facts.mode & 0o7777).toString(8)} ${path === "./tool" ? facts.mtimeMs : ""} ${content}`,
  };
  if (!facts.isDirectory()) return own;
  const below = await Promise.all(
    (await readdir(join(folder, path))).map((name) => inventory(folder, `${path}/${name}`)),
  );
  return Object.assign(own, ...below) as Record<string, string>;
}
