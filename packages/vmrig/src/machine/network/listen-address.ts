import { VmrigError } from "../../errors/vmrig-error.ts";
import type { SshConnection } from "../../ssh/connection.ts";
import { ListenRefusedError, type ListenAddress } from "../../ssh/listen.ts";
import { quote } from "../../ssh/quote.ts";
import { TunnelRefusedError } from "../../ssh/tunnel.ts";
import { waitFor } from "../../wait/wait-for.ts";
import type { Become } from "../command/script.ts";
import type { ExecutionContext } from "../command/execution-context.ts";

/**
 * How long a machine may take to let go of a place where it listened for a connection that is over.
 */
const LINGER_MS = 5000;

/**
 * Listens where the machine did for another connection. What is over there may not know it yet; and
 * what a checkpoint has kept never learns that its other end is gone.
 */
export function takeAgain(
  { name, clock }: ExecutionContext,
  become: Become,
  connection: SshConnection,
  place: ListenAddress,
  listen: () => Promise<void>,
): Promise<void> {
  return waitFor<void>({
    what: `${placeInWords(place)} to be let go of by an old connection`,
    on: name,
    timeoutMs: LINGER_MS,
    code: "FORWARD_FAILED",
    ...(clock === undefined ? {} : { clock }),
    probe: async () => {
      try {
        return { value: await listen() };
      } catch (error) {
        if (!(error instanceof ListenRefusedError)) throw error;
        await evict(connection, become, place);
        return { seen: error.message };
      }
    },
  });
}

/** Ends an sshd that listens there. Nobody else is touched. */
async function evict(
  connection: SshConnection,
  become: Become,
  place: ListenAddress,
): Promise<void> {
  const filter = "path" in place ? `-x src ${quote(place.path)}` : `-t sport = :${place.port}`;
  const { stdout } = await connection.exec(become("root", `ss -Hlnp ${filter}`));
  const [, pid] = /\("sshd[^"]*",pid=(\d+)/.exec(stdout.toString()) ?? [];
  if (pid !== undefined) await connection.exec(become("root", `kill ${pid}`));
}

/** A unix socket that nobody listens at is in the way of the next one. */
export async function clear(connection: SshConnection, path: string): Promise<void> {
  try {
    (await connection.tunnel({ path })).destroy();
  } catch (error) {
    if (!(error instanceof TunnelRefusedError)) throw error;
    await connection.exec(
      `[ ! -S ${quote(path)} ] || [ ! -O ${quote(path)} ] || rm -f -- ${quote(path)}`,
    );
  }
}

export function refusal(
  machine: string,
  place: ListenAddress,
  cause: ListenRefusedError,
): VmrigError {
  return new VmrigError("FORWARD_FAILED", {
    message: `The SSH server of ${machine} does not listen ${"path" in place ? "at" : "on"} ${placeInWords(place)}.`,
    hint:
      "path" in place
        ? "nothing of that name may be there, its folder must be the login user's, and AllowStreamLocalForwarding must be yes or remote"
        : "nobody may listen there, ports below 1024 are root's alone, and AllowTcpForwarding must be yes or remote in its sshd_config",
    cause,
  });
}

function placeInWords(place: ListenAddress): string {
  return "path" in place ? place.path : `port ${place.port}`;
}
