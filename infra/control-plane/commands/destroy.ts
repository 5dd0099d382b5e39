import { rm } from "node:fs/promises";
import { VmrigError } from "../../../packages/vmrig/src/errors/vmrig-error.ts";
import { hasChanges } from "../../../packages/vmrig/src/provision/plan/plan.ts";
import { synthesizeUnprotected } from "../stack/synthesize.ts";
import { openContext, type Call } from "./context.ts";

/**
 * Deletes everything, with all leases and with the states that are stored in Redis.
 *
 * @param named the name of the control plane, typed by the operator
 * @throws VmrigError `CONFIRMATION_MISSING`
 */
export async function destroy(call: Call, named: string | undefined): Promise<void> {
  const { config, files, engine, terraform, say } = await openContext(call);
  if (named !== config.name)
    throw new VmrigError("CONFIRMATION_MISSING", {
      message: "Destroying the control plane deletes all leases, and all states in its Redis.",
      hint: `to do this, run \`npm run infra -- destroy ${config.name}\``,
    });
  // 1. The server goes, and the cloud lets go of the address and the volume.
  await synthesizeUnprotected({ files: terraform, config });
  say("destroy: the server");
  for (const flags of [[], ["-destroy"]]) {
    // 2. The rest.
    if (flags.length > 0) say("destroy: the address and the volume");
    await using saved = await engine.plan(flags);
    if (hasChanges(saved.plan)) await saved.apply();
  }
  await Promise.all([files.knownHosts, files.ca].map((file) => rm(file, { force: true })));
  say("destroy: done");
}
