import { apiCodeOf } from "../api/call/api-error.ts";
import type { Client } from "../api/call/client.ts";

/** No resource has this id. */
const NONE = 0;
/** What the API says of it to a token that may write. */
const WRITABLE: ReadonlySet<string | undefined> = new Set(["not_found", "invalid_input"]);

/**
 * Checks that a token may write, by a change of an SSH key that does not exist. The API refuses a
 * token that may only read before it looks at the call.
 *
 * @throws VmrigError `CLOUD_REFUSED` for a token that may only read
 */
export async function requireWriteAccess(client: Client): Promise<void> {
  try {
    const task = "let this token change anything";
    await client.call({ method: "PUT", path: `/ssh_keys/${NONE}`, body: {}, task });
  } catch (error) {
    if (!WRITABLE.has(apiCodeOf(error))) throw error;
  }
}
