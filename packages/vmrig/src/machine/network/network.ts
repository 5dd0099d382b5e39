import { kindOf } from "../../errors/check-options.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { fetchThrough } from "./fetch.ts";
import { forward, type Forward } from "./forward.ts";
import type { MachineRequestInit } from "./request.ts";
import { reversePort, reverseSocket, type Reverse, type ReverseSocket } from "./reverse.ts";
import type { Origin } from "./reverse-listener.ts";
import { checkPath, type Target } from "./target.ts";

/**
 * Network access to and from a machine. All of it uses the machine's only SSH connection and the
 * login user.
 */
export interface MachineNetwork {
  /**
   * Opens a port of this computer that reaches a port or unix socket of the machine:
   * `await using web = await pc1.forward(8080)`, `web.url`. With `host` it reaches any host that
   * the machine reaches under that name. The forward survives a reboot and a rollback; its
   * connections do not. It ends with the test that opened it, or with the test file when a hook
   * opened it.
   *
   * @throws VmrigError `FORWARD_FAILED` when the machine's sshd forbids it. Also throws the errors
   *   of a command on an unreachable machine
   */
  forward(target: Target): Promise<Forward>;
  /**
   * Opens a port of the machine, on its loopback interface, that reaches a port or unix socket of
   * this computer: a service that the test simulates. `at` is the machine's port (default: chosen
   * by the machine) or the path of a unix socket there. It lasts as long as a forward, and listens
   * again before the first command after a reboot.
   *
   * @throws VmrigError `FORWARD_FAILED` when the machine cannot listen there. Also throws the
   *   errors of a command on an unreachable machine
   */
  reverse(target: Target, at?: number): Promise<Reverse>;
  reverse(target: Target, at: { readonly path: string }): Promise<ReverseSocket>;
  /**
   * Runs `fetch` from the machine: the machine resolves names and opens the connections, so
   * `localhost` is the machine. Ends with the test. Unread parts of the response are then lost. May
   * be the `fetch` of a client library: unknown options have no effect, apart from a probable
   * misspelling, which is an error.
   *
   * @throws VmrigError `FETCH_FAILED` when there is no response. Also throws the signal's reason
   *   and the errors of a command on an unreachable machine
   */
  fetch(input: string | URL | Request, init?: MachineRequestInit | null): Promise<Response>;
}

export interface NetworkOptions extends Origin {
  /** Registers a clean-up function for the end of the current test or hook. */
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
    return untilEnd(await reverseSocket(origin, target, toPath(origin, at)));
  }
  return {
    forward: async (target) => untilEnd(await forward(origin.context, target)),
    reverse,
    fetch: (input, init) => fetchThrough(origin.context, input, init, onCleanup),
  };
}

/** A place to listen at is a value that may have other fields, as a file of the machine has. */
function toPath({ context }: Origin, at: unknown): string {
  if (typeof at === "object" && at !== null && "path" in at) return checkPath(at.path);
  throw new VmrigError("COMMAND_INVALID", {
    message: `${context.name}.reverse() listens on a port or { path }, not on ${kindOf(at)}.`,
  });
}
