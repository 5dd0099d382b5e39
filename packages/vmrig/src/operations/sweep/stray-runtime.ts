import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Folders } from "../../config/folders.ts";
import type { Orphan } from "../../driver/orphan.ts";
import { parseIdentity } from "../../local-files/process-identity.ts";
import { recordedProcessState } from "../../local-files/recorded-process.ts";
import { GATE_PREFIX, isDead } from "../../gate/dead-sockets.ts";

/** Folder that `vmrig ssh` creates while it runs: `ssh-<process>-…`, with a private key in it. */
const SSH_PREFIX = "ssh-";

/** Finds sockets that no gate serves, and folders with the key of a killed `vmrig ssh`. */
export async function strayRuntime({
  runtime,
}: Pick<Folders, "runtime">): Promise<readonly Orphan[]> {
  const names = await readdir(runtime).catch(() => []);
  const found = await Promise.all(
    names.map(async (name): Promise<readonly Orphan[]> => {
      const path = join(runtime, name);
      if (name.startsWith(GATE_PREFIX) && (await isDead(path))) {
        return [
          {
            what: `socket ${path} of a gate that is gone`,
            async remove() {
              if (await isDead(path)) await rm(path, { force: true });
            },
          },
        ];
      }
      const owner = name.startsWith(SSH_PREFIX) ? parseIdentity(name) : undefined;
      if (owner === undefined || (await recordedProcessState(owner, runtime)) !== "ended")
        return [];
      const what = `key in ${path} of process ${owner.pid}, which is gone`;
      return [{ what, remove: () => rm(path, { recursive: true, force: true }) }];
    }),
  );
  return found.flat();
}
