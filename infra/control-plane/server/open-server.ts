import { VmrigError, isVmrigError } from "../../../packages/vmrig/src/errors/vmrig-error.ts";
import type { ControlFiles } from "../folder.ts";
import type { Keys } from "../keys.ts";
import { readPin, writePin } from "./pin.ts";
import { openRootSession, type RootSession, type ServerAddress } from "./root-session.ts";

/** From the start of the server to sshd. */
const BOOT_MS = 600_000;
/** To the end of cloud-init, which installs packages; emulated machines take minutes. */
const SETUP_MS = 1_800_000;
const COMMAND_MS = 60_000;

const HOST_KEY = /^ssh-ed25519 [A-Za-z0-9+/]{68}$/;

export interface OpenServerOptions {
  readonly at: ServerAddress;
  /** Id in the cloud. */
  readonly server: string;
  readonly files: Pick<ControlFiles, "knownHosts">;
  readonly keys: Keys;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/**
 * Logs in as root, without trust on first use. The first connection accepts only the host key of the
 * user data. Over it, the server makes another one, which is pinned before the server enters it. A
 * call that was cut is finished by the next one.
 *
 * @throws VmrigError `MACHINE_UNREACHABLE`, `HOST_KEY_MISMATCH`, `LOGIN_REFUSED`
 */
export async function openServer(options: OpenServerOptions): Promise<RootSession> {
  const { server, files } = options;
  const pin = await readPin(files.knownHosts);
  if (pin?.server !== server) return await enter(options, await makeHostKey(options));
  try {
    return await open(options, pin.hostKey);
  } catch (error) {
    if (!isVmrigError(error) || error.code !== "HOST_KEY_MISMATCH") throw error;
    // Either the last call was cut before the server entered its key, or this is another server.
    return await enter(options, pin.hostKey, error);
  }
}

function open({ at, keys, signal }: OpenServerOptions, hostKey: string): Promise<RootSession> {
  const { privateKey } = keys.control;
  return openRootSession({ at, hostKey, privateKey, timeoutMs: BOOT_MS, signal });
}

async function makeHostKey(options: OpenServerOptions): Promise<string> {
  const { at, server, files, keys, say } = options;
  say("boot: waiting for the first boot of the server");
  await using session = await open(options, keys.firstHost.publicKey);
  say("boot: the server installs Redis");
  // Its result does not matter here: what is missing is reported when Redis does not answer.
  await session.run("cloud-init status --wait > /dev/null 2>&1 || true", {
    task: "wait for the end of the first boot",
    timeoutMs: SETUP_MS,
  });
  const made = await session.run("vmrig-host-key make", {
    task: "make a host key",
    timeoutMs: COMMAND_MS,
  });
  const hostKey = made.trim();
  if (!HOST_KEY.test(hostKey))
    throw new VmrigError("HOST_KEY_MISMATCH", {
      message: "The control plane printed something else than its host key.",
    });
  await writePin(files.knownHosts, { server, hostKey, host: at.host, port: at.port ?? 22 });
  return hostKey;
}

async function enter(
  options: OpenServerOptions,
  hostKey: string,
  mismatch?: Error,
): Promise<RootSession> {
  const { keys } = options;
  try {
    await using session = await open(options, keys.firstHost.publicKey);
    await session.run(`vmrig-host-key enter '${hostKey}'`, {
      task: "replace the host key of the first boot",
      timeoutMs: COMMAND_MS,
    });
  } catch (error) {
    throw mismatch ?? error;
  }
  return await open(options, hostKey);
}
