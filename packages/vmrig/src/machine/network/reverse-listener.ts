import { asVmrigError, type VmrigError } from "../../errors/vmrig-error.ts";
import type { SshConnection } from "../../ssh/ssh-connection.ts";
import { ListenRefusedError, type RemoteListener, type ListenAddress } from "../../ssh/listen.ts";
import { onLive } from "../link.ts";
import type { Become } from "../command/script/become.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { connectHere } from "./connect-here.ts";
import { clear, takeAgain } from "./listen-address.ts";
import { refusal } from "./listen-refusal.ts";
import type { ReconnectHook, ReconnectHooks } from "./reconnect-hooks.ts";
import { inWords, toDestination, type Target } from "./target.ts";
import { createTraffic } from "./traffic.ts";

export interface Back extends AsyncDisposable {
  /** Number of open connections. */
  readonly connections: number;
  /** Error of the last connection that failed, or the reason why the machine stopped listening. */
  readonly refused: VmrigError | undefined;
  /** Stops listening on the machine and closes all connections. */
  close(): Promise<void>;
}

export interface Origin {
  readonly context: ExecutionContext;
  readonly reconnectHooks: ReconnectHooks;
  readonly become: Become;
}

export const HOST = "127.0.0.1";

/** Starts listening. `place` is the current address and the address after a reconnect. */
export async function listenFor(
  { context, reconnectHooks, become }: Origin,
  target: Target,
  asked: ListenAddress,
): Promise<{ back: Back; place: ListenAddress }> {
  const to = toDestination(`${context.name}.reverse()`, target);
  const explain = (error: unknown): VmrigError =>
    error instanceof ListenRefusedError ? refusal(context.name, place, error) : asVmrigError(error);
  const traffic = createTraffic(context, explain);
  let place = asked;
  let listener: RemoteListener | undefined;
  let closing: Promise<void> | undefined;

  const listen = async (connection: SshConnection): Promise<void> => {
    if (closing !== undefined) return;
    if ("path" in place) await clear(connection, place.path);
    const fresh = await connection.listen(
      place,
      (stream) => void traffic.carry(stream, (signal) => connectHere(to, signal)),
    );
    if (closing !== undefined) return fresh.close();
    listener = fresh;
    // Keeps the chosen port, so that clients find it after a reboot.
    if (fresh.port !== undefined) place = { port: fresh.port };
  };
  try {
    await onLive(context.link, listen);
  } catch (error) {
    throw explain(error);
  }
  traffic.begin(
    `reverse ${inWords("path" in place ? place : { host: HOST, ...place })} → ${inWords(to)} of this computer`,
  );

  const again: ReconnectHook = (connection) =>
    takeAgain(context, become, connection, place, () => listen(connection)).catch(
      (error: unknown) => traffic.refuse(error),
    );
  reconnectHooks.add(again);

  const close = (): Promise<void> =>
    (closing ??= (async () => {
      context.signal?.removeEventListener("abort", stop);
      reconnectHooks.delete(again);
      await listener?.close();
      await traffic.close();
    })());
  const stop = (): void => void close();
  context.signal?.addEventListener("abort", stop, { once: true });
  if (context.signal?.aborted === true) {
    await close();
    throw context.signal.reason;
  }

  const back: Back = {
    get connections() {
      return traffic.open;
    },
    get refused() {
      return traffic.refused;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
  return { back, place };
}
