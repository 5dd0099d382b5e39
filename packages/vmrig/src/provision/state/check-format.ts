import { parseResources } from "./resources.ts";
import { isEncrypted, parseStamp } from "./stamp.ts";

/**
 * Returns why a text is not a state that Terraform or OpenTofu can read: `undefined` when it is.
 * Nothing else is known of a state that OpenTofu encrypted.
 */
export function whyNoState(text: string): string | undefined {
  const stamp = parseStamp(text);
  if (stamp === undefined) return "it is not a state";
  if (isEncrypted(text)) return undefined;
  if (stamp["version"] !== 4) return `its format has version ${String(stamp["version"])}, not 4`;
  return parseResources(text) === undefined ? "its resources are not readable" : undefined;
}
