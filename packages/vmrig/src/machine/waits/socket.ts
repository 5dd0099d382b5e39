import type { OptionNames } from "../../errors/check-options.ts";
import { waitFor, type Observation } from "../../wait/wait-for.ts";
import { readListeners } from "../resources/socket.ts";
import {
  PORT_OPTIONS,
  portTarget,
  unixTarget,
  type PortOptions,
  type SocketTarget,
} from "../resources/socket-target.ts";
import { listenersInWords } from "../resources/listener.ts";
import { WAIT_OPTIONS, toWatch, type WaitOptions, type Watch } from "./wait-options.ts";
import { tolerant } from "./tolerant.ts";

export interface SocketWaitOptions extends WaitOptions {
  /** @defaultValue `"open"` */
  readonly state?: "open" | "closed" | undefined;
}

export const SOCKET_WAIT_OPTIONS: OptionNames<SocketWaitOptions> = { ...WAIT_OPTIONS, state: true };

export type PortWaitOptions = SocketWaitOptions & PortOptions;

export const PORT_WAIT_OPTIONS: OptionNames<PortWaitOptions> = {
  ...PORT_OPTIONS,
  ...SOCKET_WAIT_OPTIONS,
};

export function waitForPort(watch: Watch, port: number, options: PortWaitOptions): Promise<void> {
  return waitForSocket(watch, portTarget(port, options), options);
}

export function waitForUnixSocket(
  watch: Watch,
  path: string,
  options: SocketWaitOptions,
): Promise<void> {
  return waitForSocket(watch, unixTarget(path), options);
}

async function waitForSocket(
  watch: Watch,
  target: SocketTarget,
  options: SocketWaitOptions,
): Promise<void> {
  const closed = options.state === "closed";
  await waitFor<true>({
    ...toWatch(watch, options),
    what: `${target.title}${closed ? " to be closed" : ""}`,
    probe: tolerant(async (signal): Promise<Observation<true>> => {
      const listeners = await readListeners(watch.context, target, signal);
      if (listeners.some(target.matches) !== closed) return { value: true };
      return { seen: closed ? "something still listens on it" : listenersInWords(listeners) };
    }),
  });
}
