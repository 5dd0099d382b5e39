import { VmrigError } from "vmrig/driver";
import { createClient, type Client } from "../api/call/client.ts";

/** Variables that vmrig and the Terraform provider read. */
export const VARIABLES = ["HCLOUD_TOKEN", "HCLOUD_ENDPOINT"] as const;

/**
 * Opens the project of `HCLOUD_TOKEN`.
 *
 * @throws VmrigError `CLOUD_REFUSED` without a token
 */
export function openAccount(env: NodeJS.ProcessEnv = process.env): Client {
  const token = env["HCLOUD_TOKEN"] ?? "";
  if (token === "")
    throw new VmrigError("CLOUD_REFUSED", {
      message: "HCLOUD_TOKEN is not set, so vmrig cannot use Hetzner Cloud.",
      hint: "create a token that may read and write in the project's console under Security, and set it in the environment",
    });
  const endpoint = env["HCLOUD_ENDPOINT"];
  return createClient({ token, ...(endpoint !== undefined && endpoint !== "" && { endpoint }) });
}
