import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { captureChild } from "../child.mjs";
import { quietly } from "./quiet.mjs";

/**
 * Path of the script that Debian runs before it starts a newly installed service:
 * https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt
 */
const POLICY = "/usr/sbin/policy-rc.d";
const FORBID = "#!/bin/sh\n# Put here by vmrig's setup while it installs packages.\nexit 101\n";

/**
 * Services of the packages. vmrig and its tests start their own servers, on their own sockets and
 * ports.
 */
const SERVICES = new Map([
  ["redis-server", "redis-server"],
  ["openssh-server", "ssh"],
]);

/**
 * Installs Debian packages as root. Their services are neither started now nor enabled for the next
 * boot.
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
    // Failures are ignored: a computer without an init system has nothing to disable, and would
    // start nothing.
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
