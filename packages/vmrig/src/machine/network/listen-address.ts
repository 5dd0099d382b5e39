import type { SshConnection } from "../../ssh/ssh-connection.ts";
import { ListenRefusedError, type ListenAddress } from "../../ssh/listen.ts";
import { quote } from "../../ssh/quote.ts";
import { TunnelRefusedError } from "../../ssh/tunnel-refused.ts";
import { waitFor } from "../../wait/wait-for.ts";
import type { Become } from "../command/script/become.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { placeInWords } from "./listen-refusal.ts";

/** Maximum time in which a machine frees the address of an ended connection. */
const LINGER_MS = 5000;

/**
 * Listens at the address of an earlier connection. The machine may not yet know that the earlier
 * connection has ended. A process restored from a checkpoint never learns it.
 */
export function takeAgain(
  { name, clock }: ExecutionContext,
  become: Become,
  connection: SshConnection,
  place: ListenAddress,
  listen: () => Promise<void>,
): Promise<void> {
  return waitFor<void>({
    what: `${placeInWords(place)} to be freed by the previous connection`,
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

/** Ends an sshd that listens at the address. Other processes are not touched. */
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

/** Removes a unix socket without a listener, which would block the next listener. */
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
