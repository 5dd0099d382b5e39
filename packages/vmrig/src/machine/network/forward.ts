import { createServer, type AddressInfo } from "node:net";
import { VmrigError, asVmrigError } from "../../errors/vmrig-error.ts";
import { TunnelRefusedError } from "../../ssh/tunnel-refused.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { openTunnel } from "./open-tunnel.ts";
import { checkAllowed, hintFor } from "./forwarding-allowed.ts";
import { inWords, toDestination, type Target } from "./target.ts";
import { createTraffic } from "./traffic.ts";
import { underSignals } from "./under-signals.ts";

/** A port of this computer that is forwarded to a machine. */
export interface Forward extends AsyncDisposable {
  /** `http://127.0.0.1:43210` */
  readonly url: string;
  /** `127.0.0.1`: only this computer reaches it. */
  readonly host: string;
  readonly port: number;
  /** Number of open connections. */
  readonly connections: number;
  /** Error of the last connection that failed. Its client only sees a reset. */
  readonly refused: VmrigError | undefined;
  /** Stops listening and closes all connections. */
  close(): Promise<void>;
}

const HOST = "127.0.0.1";

/** Listens on a port that the system chooses. For each client, the machine opens a connection. */
export async function forward(context: ExecutionContext, target: Target): Promise<Forward> {
  const to = toDestination(`${context.name}.forward()`, target);
  const { signal, release } = underSignals(context);
  await checkAllowed(context, to, signal).finally(release);

  const explain = (error: unknown): VmrigError => {
    if (!(error instanceof TunnelRefusedError)) return asVmrigError(error);
    const hint = hintFor(error, "path" in to ? to.path : undefined);
    return new VmrigError("FORWARD_FAILED", {
      message: `${context.name} could not connect to ${inWords(to)}: ${error.message}.`,
      ...(hint === undefined ? {} : { hint }),
      cause: error,
    });
  };
  const traffic = createTraffic(context, explain);
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    void traffic.carry(socket, (openSignal) => openTunnel(context, to, openSignal));
  });
  // Also emitted when this computer has no file descriptor left for a client.
  server.on("error", (error) => traffic.refuse(error));
  await new Promise<void>((resolve, reject) =>
    server.once("error", reject).listen(0, HOST, resolve),
  );
  const { port } = server.address() as AddressInfo;
  traffic.begin(`forward ${HOST}:${port} → ${inWords(to)}`);

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closing ??= (async () => {
      context.signal?.removeEventListener("abort", stop);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await traffic.close();
      await closed;
    })());
  const stop = (): void => void close();
  context.signal?.addEventListener("abort", stop, { once: true });
  if (context.signal?.aborted === true) {
    await close();
    throw context.signal.reason;
  }

  return {
    url: `http://${HOST}:${port}`,
    host: HOST,
    port,
    get connections() {
      return traffic.open;
    },
    get refused() {
      return traffic.refused;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
