import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Machine } from "vmrig";

export const PACKAGE = fileURLToPath(new URL("../package", import.meta.url));

/**
 * Builds the package on the machine, which has Debian's tools. The files of all releases and those
 * of this release are merged into one folder there.
 *
 * @returns the path of the package on the machine
 */
export async function buildPackage(machine: Machine, version: string): Promise<string> {
  const tree = `/tmp/tally-${version}`;
  await machine.upload(join(PACKAGE, "common"), tree);
  await machine.upload(join(PACKAGE, version), tree);
  await machine.$`chmod -R u=rwX,go=rX ${tree} && dpkg-deb --root-owner-group -Zgzip --build ${tree}`;
  return `${tree}.deb`;
}
