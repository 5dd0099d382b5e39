import { fetchThrough } from "./fetch.ts";
import { forward, type Forward } from "./forward.ts";
import type { MachineRequestInit } from "./request.ts";
import {
  reversePort,
  reverseSocket,
  type Origin,
  type Reverse,
  type ReverseSocket,
} from "./reverse.ts";
import type { Target } from "./target.ts";

/**
 * Ways in and out of a machine, all of them over its one SSH connection, and as the user who logs
 * in.
 */
export interface MachineNetwork {
  /**
   * A port of this computer that leads to a port or unix socket of the machine:
   * `await using web = await pc1.forward(8080)`, `web.url`. With `host` it leads to whatever the
   * machine reaches under that name. It outlives a reboot and a rollback, its connections do not.
   * It ends with the test that made it, or with the file when a hook did.
   *
   * @throws VmrigError `FORWARD_FAILED` when the machine's sshd forbids it; what a command throws
   *   whose machine cannot be reached
   */
  forward(target: Target): Promise<Forward>;
  /**
   * A port of the machine, on its loopback, that leads to a port or unix socket of this computer: a
   * service that the test plays. `at` is the machine's port, by default one that it chooses, or the
   * path of a unix socket there. It lasts as a forward does, and is back before the first command
   * after a reboot.
   *
   * @throws VmrigError `FORWARD_FAILED` when the machine does not listen there; what a command
   *   throws whose machine cannot be reached
   */
  reverse(target: Target, at?: number): Promise<Reverse>;
  reverse(target: Target, at: { readonly path: string }): Promise<ReverseSocket>;
  /**
   * `fetch` from where the machine is: it looks up names and makes the connections, so `localhost`
   * is the machine. Ends with the test. What of the answer was not read when the test ends is lost.
   *
   * @throws VmrigError `FETCH_FAILED` when there is no answer; what a command throws whose machine
   *   cannot be reached; the signal's reason
   */
  fetch(url: string | URL, init?: MachineRequestInit): Promise<Response>;
}

export interface NetworkOptions extends Origin {
  /** Takes what is to be done at the end of what runs now, such as a test. */
  readonly onCleanup: ((work: () => Promise<void>) => void) | undefined;
}

export function createNetwork({ onCleanup, ...origin }: NetworkOptions): MachineNetwork {
  const untilEnd = <Way extends { close(): Promise<void> }>(way: Way): Way => {
    onCleanup?.(() => way.close());
    return way;
  };
  async function reverse(target: Target, at?: number): Promise<Reverse>;
  async function reverse(target: Target, at: { readonly path: string }): Promise<ReverseSocket>;
  async function reverse(
    target: Target,
    at: number | { readonly path: string } = 0,
  ): Promise<Reverse | ReverseSocket> {
    if (typeof at === "number") return untilEnd(await reversePort(origin, target, at));
    return untilEnd(await reverseSocket(origin, target, at.path));
  }
  return {
    forward: async (target) => untilEnd(await forward(origin.context, target)),
    reverse,
    fetch: (url, init = {}) => fetchThrough(origin.context, url, init, onCleanup),
  };
}
