import { existsSync } from "node:fs";

/** Programs of Debian's packages hcloud-cli and python3-hcloud; undefined if not installed. */
export function installedClients(): {
  readonly hcloud: string | undefined;
  /** A Python that finds the module. */
  readonly python: string | undefined;
} {
  const has = (file: string) => existsSync(file);
  return {
    hcloud: has("/usr/bin/hcloud") ? "/usr/bin/hcloud" : undefined,
    python: has("/usr/lib/python3/dist-packages/hcloud") ? "/usr/bin/python3" : undefined,
  };
}
