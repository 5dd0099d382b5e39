import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { captureChild } from "../child.mjs";

/**
 * Oldest QEMU version that emulates reliably: with 7.2, which Debian 12 has, a Linux 6.12 guest
 * crashes at random, most often while it boots on a busy computer.
 */
const TRUSTED = /** @type {const} */ ([8, 2]);

/**
 * @param {string} text what `qemu-system-… --version` prints
 * @returns {boolean}
 */
export function isTrustedQemu(text) {
  const [, major = "0", minor = "0"] = /version (\d+)\.(\d+)/.exec(text) ?? [];
  return (
    Number(major) > TRUSTED[0] || (Number(major) === TRUSTED[0] && Number(minor) >= TRUSTED[1])
  );
}

/**
 * @param {string} program
 * @param {NodeJS.ProcessEnv} env
 */
export async function hasTrustedQemu(program, env) {
  const { output } = await captureChild(program, ["--version"], { env });
  return isTrustedQemu(output);
}

/**
 * Returns the backports that a Debian release needs for a reliable QEMU.
 *
 * @param {string} osRelease text of /etc/os-release
 * @returns {string | undefined} `bookworm-backports`
 */
export function backportsFor(osRelease) {
  return /^VERSION_CODENAME=bookworm$/m.test(osRelease) && /^ID=debian$/m.test(osRelease)
    ? "bookworm-backports"
    : undefined;
}

/**
 * Adds a release to apt's sources while `use` runs. The computer's own sources are not changed.
 *
 * @template T
 * @param {string} release
 * @param {NodeJS.ProcessEnv} env
 * @param {(options: readonly string[]) => Promise<T>} use gets the options for apt-get
 * @returns {Promise<T>}
 */
export async function withRelease(release, env, use) {
  const folder = await mkdtemp(join(tmpdir(), "vmrig-apt-"));
  try {
    const own = await readFile("/etc/apt/sources.list", "utf8").catch(() => "");
    await writeFile(
      join(folder, "sources.list"),
      `${own}\ndeb ${await mirror(env)} ${release} main\n`,
    );
    await mkdir(join(folder, "lists/partial"), { recursive: true });
    // apt drops its privileges for downloads, and must still be able to read this folder.
    await captureChild("chmod", ["-R", "a+rX", folder], { env });
    return await use([
      `--option=Dir::Etc::SourceList=${join(folder, "sources.list")}`,
      `--option=Dir::State::Lists=${join(folder, "lists")}`,
      `--target-release=${release}`,
    ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Returns the mirror that this computer uses for Debian's main archive.
 *
 * @param {NodeJS.ProcessEnv} env
 */
async function mirror(env) {
  const { stdout } = await captureChild(
    "apt-get",
    ["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
    { env },
  );
  return mainArchive(stdout.split("\n")) ?? "http://deb.debian.org/debian";
}

/**
 * @param {readonly string[]} uris
 * @returns {string | undefined}
 */
export function mainArchive(uris) {
  return uris.find((uri) => /\/debian\/?$/.test(uri));
}
