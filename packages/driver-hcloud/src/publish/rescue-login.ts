import {
  dial,
  isVmrigError,
  readHostKey,
  waitFor,
  type SshConnection,
  type SshTarget,
} from "vmrig/driver";

export interface RescueLogin {
  /** Name of the server, for errors. */
  readonly name: string;
  readonly target: Omit<SshTarget, "hostKey">;
  readonly signal: AbortSignal;
}

/** From power on to sshd, on an emulated server. */
const BOOT_MS = 600_000;
const LOGIN_MS = 60_000;

/**
 * Logs in to a rescue system. Its host key is made at its boot, so the first one that is seen counts
 * for the rest of the publish. That is as safe as it needs to be:
 *
 * - The login is a signature over the session, the host key included (RFC 4252, section 7). A man in
 *   the middle has another host key, so the real server refuses what he passes on: he cannot write
 *   to its disk.
 * - He can pretend to be the server and swallow the image, which has no secrets. The snapshot is then
 *   the vendor's image, and servers of it fail at their first contact, whose host key is pinned.
 */
export async function logInToRescue({ name, target, signal }: RescueLogin): Promise<SshConnection> {
  const { host, port } = target;
  const hostKey = await readHostKey({ host, port, name, timeoutMs: BOOT_MS, signal });
  return await waitFor<SshConnection>({
    what: "the rescue system to accept the key",
    on: name,
    timeoutMs: LOGIN_MS,
    intervalMs: 1_000,
    code: "MACHINE_UNREACHABLE",
    signal,
    async probe(enough) {
      try {
        return { value: await dial({ ...target, hostKey }, { name, signal: enough }) };
      } catch (error) {
        // sshd may start before the key is in its place.
        if (isVmrigError(error) && error.code === "LOGIN_REFUSED") return { seen: error.summary };
        throw error;
      }
    },
  });
}
