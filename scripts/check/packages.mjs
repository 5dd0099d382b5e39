import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { captureChild } from "../child.mjs";
import { manifests } from "../setup/workspace.mjs";

/** Files that must not be published: tests, their fixtures, the compiler's build info. */
const UNWANTED = /(?:^|\/)(?:fixtures\/|\.tsbuildinfo$)|\.test(?:\.|-d\.)/;

/**
 * Packs each published package as a release does, and checks the result: entry points exist, types
 * resolve, and no unwanted file is included.
 *
 * @param {string} root
 */
export async function checkPackages(root) {
  let fine = true;
  for (const file of await manifests(root)) {
    const manifest = /** @type {{ private?: boolean, name: string }} */ (
      JSON.parse(await readFile(join(root, file), "utf8"))
    );
    if (
      manifest.private !== true &&
      !(await checkPackage(join(root, dirname(file)), manifest.name))
    )
      fine = false;
  }
  return fine;
}

/**
 * @param {string} folder
 * @param {string} name
 */
async function checkPackage(folder, name) {
  const scratch = await mkdtemp(join(tmpdir(), "vmrig-pack-"));
  try {
    const packed = await captureChild("pnpm", ["pack", "--pack-destination", scratch], {
      cwd: folder,
    });
    const tarball = (await readdir(scratch)).find((file) => file.endsWith(".tgz"));
    if (packed.code !== 0 || tarball === undefined) {
      console.error(`${name} cannot be packed:\n${packed.output}`);
      return false;
    }
    return await checkTarball(join(scratch, tarball), name);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * @param {string} tarball
 * @param {string} name
 */
async function checkTarball(tarball, name) {
  const { stdout } = await captureChild("tar", ["--list", "--file", tarball]);
  const unwanted = stdout.split("\n").filter((file) => UNWANTED.test(file));
  if (unwanted.length > 0)
    console.error(`${name} would publish:\n${unwanted.map((file) => `  ${file}`).join("\n")}`);
  const reports = [
    await captureChild("publint", ["run", tarball, "--strict"]),
    await captureChild("attw", [
      tarball,
      "--profile",
      "esm-only",
      "--format",
      "ascii",
      "--no-emoji",
      "--no-summary",
      "--no-definitely-typed",
    ]),
  ].filter((report) => report.code !== 0);
  for (const report of reports) console.error(report.output.trimEnd());
  const fine = unwanted.length === 0 && reports.length === 0;
  if (fine) console.log(`${name}: packs, resolves and is typed`);
  return fine;
}
