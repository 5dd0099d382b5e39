import type { Attributes, Values } from "@vmrig/terraform-plugin";
import { Api } from "./api/api.ts";
import { constantPause, growingPause, parseDuration } from "./api/pause.ts";
import { textOf } from "./text-of.ts";

const TEXT = { type: "string", optional: true } as const;
const TOKEN_LENGTH = 64;

/** What a `provider "hcloud"` block may contain. */
export const SETTINGS: Attributes = {
  token: { ...TEXT, sensitive: true },
  endpoint: TEXT,
  endpoint_hetzner: TEXT,
  poll_interval: TEXT,
  poll_function: TEXT,
};

export function apiFor(config: Values, environment: NodeJS.ProcessEnv): Api {
  const token = config["token"] ?? environment["HCLOUD_TOKEN"];
  const endpoint = config["endpoint"] ?? environment["HCLOUD_ENDPOINT"];
  if (typeof token !== "string" || token === "") throw new Error("Missing Hetzner Cloud API token");
  if (token.length !== TOKEN_LENGTH)
    throw new Error("entered token is invalid (must be exactly 64 characters long)");
  // The stand-in is for tests: it never calls the vendor.
  if (typeof endpoint !== "string" || endpoint === "")
    throw new Error("the stand-in provider needs an endpoint, or HCLOUD_ENDPOINT");
  const interval = parseDuration(textOf(config["poll_interval"] ?? "500ms"));
  const pollPause =
    config["poll_function"] === "constant" ? constantPause(interval) : growingPause(interval);
  return new Api({ endpoint, token, pollPause });
}
