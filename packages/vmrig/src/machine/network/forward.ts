import { createServer, type AddressInfo } from "node:net";
import { VmrigError, asVmrigError } from "../../errors/vmrig-error.ts";
import { TunnelRefusedError } from "../../ssh/tunnel.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { checkAllowed, hintFor, openTunnel } from "./open-tunnel.ts";
import { inWords, toDestination, type Target } from "./target.ts";
import { createTraffic } from "./traffic.ts";
import { underSignals } from "./under-signals.ts";

/** A port of this computer that leads to a machine. */
export interface Forward extends AsyncDisposable {
  /** `http://127.0.0.1:43210` */
  readonly url: string;
  /** `127.0.0.1`: nobody else reaches it. */
  readonly host: string;
  readonly port: number;
  /** How many connections are open now. */
  readonly connections: number;
  /**
   * Why the last connection that did not come about did not: all that its client sees is a reset.
   */
  readonly refused: VmrigError | undefined;
  /** Listens no more, and ends its connections. */
  close(): Promise<void>;
}

const HOST = "127.0.0.1";

/**
 * Listens on a port that the system chooses. Each connection is one that the machine makes, when
 * somebody connects.
 */
export async function forward(context: ExecutionContext, target: Target): Promise<Forward> {
  const to = toDestination(target);
  const { signal, release } = underSignals(context);
  await checkAllowed(context, to, signal).finally(release);

  const explain = (error: unknown): VmrigError => {
    if (!(error instanceof TunnelRefusedError)) return asVmrigError(error);
    const hint = hintFor(error, "path" in to ? to.path : undefined);
    return new VmrigError("FORWARD_FAILED", {
      message: `${context.name} did not connect to ${inWords(to)}: ${error.message}.`,
      ...(hint === undefined ? {} : { hint }),
      cause: error,
    });
  };
  const traffic = createTraffic(context, explain);
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    void traffic.carry(socket, (enough) => openTunnel(context, to, enough));
  });
  // Also when this computer has no file descriptor left for somebody who connects.
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
