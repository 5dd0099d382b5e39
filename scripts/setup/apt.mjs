import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { captureChild } from "../child.mjs";
import { quietly } from "./quiet.mjs";

/**
 * Debian asks this script before it starts a service that it has just installed:
 * https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt
 */
const POLICY = "/usr/sbin/policy-rc.d";
const FORBID = "#!/bin/sh\n# Put here by vmrig's set-up while it installs packages.\nexit 101\n";

/**
 * Services that come with the packages. vmrig and its tests start their own, on sockets and ports
 * of their own.
 */
const SERVICES = new Map([
  ["redis-server", "redis-server"],
  ["openssh-server", "ssh"],
]);

/**
 * Installs Debian packages as root, and leaves none of their services running, now or after the
 * next boot.
 *
 * @param {readonly string[]} packages
 * @param {NodeJS.ProcessEnv} env
 * @param {readonly string[]} [options] for apt-get
 */
export async function aptInstall(packages, env, options = []) {
  const apt = ["apt-get", "--quiet", "--option", "DPkg::Lock::Timeout=300", ...options];
  const quiet = { env: { ...env, DEBIAN_FRONTEND: "noninteractive" } };
  await quietly("apt-get update", [...apt, "update"], quiet);
  await withoutServices(() =>
    quietly(
      "apt-get install",
      [...apt, "install", "--yes", "--no-install-recommends", ...packages],
      quiet,
    ),
  );
  for (const name of packages) {
    const service = SERVICES.get(name);
    // Best effort: a computer without an init system has nothing to disable, and nothing that would
    // start it.
    if (service !== undefined)
      await captureChild("update-rc.d", [service, "disable"], quiet).catch(() => undefined);
  }
}

/** @param {() => Promise<void>} install */
async function withoutServices(install) {
  const foreign = existsSync(POLICY) && (await readFile(POLICY, "utf8")) !== FORBID;
  if (foreign) return install();
  await writeFile(POLICY, FORBID, { mode: 0o755 });
  try {
    await install();
  } finally {
    await rm(POLICY, { force: true });
  }
}
