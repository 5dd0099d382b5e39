import { isVmrigError, type CopySpec, type Finding } from "vmrig/driver";
import { listServers } from "../api/servers.ts";
import type { Settings } from "../options.ts";
import { newestImage } from "../published-image.ts";
import { copyLabels } from "../labels.ts";
import { findOffer } from "../stack/placement.ts";
import { openAccount } from "./account.ts";
import { requireWriteAccess } from "./may-write.ts";

type Measured = Pick<Finding, "what" | "measured">;

/**
 * Checks what a run needs of the project: the token, the locations and server types of the config,
 * and the published image. Changes nothing.
 */
export async function diagnose(copy: CopySpec, settings: Settings): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const check = async (what: string, examine: () => Promise<string>): Promise<boolean> => {
    const found = await examine().then(
      (measured): Measured & { readonly status: "ok" } => ({ what, status: "ok", measured }),
      (error: unknown) => failed(what, error),
    );
    findings.push(found);
    return found.status === "ok";
  };
  const hasToken = await check("HCLOUD_TOKEN", async () => {
    await using client = openAccount();
    const servers = await listServers(client, { labels: copyLabels(copy) });
    await requireWriteAccess(client);
    return `it may write; its project has ${servers.length} of ${copy.machines.length} servers of ${copy.copy}`;
  });
  if (!hasToken) return findings;
  await using client = openAccount();
  let architecture = "";
  const isOffered = await check("locations and server types", async () => {
    ({ architecture } = await findOffer(client, settings, { copy }));
    return `${settings.serverTypes.join(", ")} in ${settings.locations.join(", ")}`;
  });
  if (isOffered)
    await check("published image", async () => {
      const { id, digest } = await newestImage(client, { name: settings.image, architecture });
      return `${settings.image}, image ${id}, ${digest}`;
    });
  return findings;
}

/** @throws what is no fault that a person can remedy */
function failed(what: string, error: unknown): Finding {
  if (!isVmrigError(error)) throw error;
  const measured = [error.summary, ...error.details].join(" ");
  return { what, status: "fail", measured, fix: error.hint ?? "run again" };
}
