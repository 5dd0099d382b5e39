import { asVmrigError } from "../errors/vmrig-error.ts";
import type { GateClient } from "../protocol/gate-client.ts";
import type { Gate } from "./gate.ts";

/** Wraps a gate of this process as the client that a worker has at the other end of a socket. */
export function localClient(gate: Gate): GateClient {
  return {
    hello: async () => gate.welcome,
    claim: (rollback) => gate.claim(rollback),
    rollBack: (claim) => gate.rollBack(claim),
    recover: (claim, unhealthy) => gate.recover(claim, unhealthy),
    console: (claim, machine) => gate.console(claim, machine),
    control: (claim, command) => gate.control(claim, command),
    pause: (claim, failure) => gate.pause(claim, failure),
    resume: async (claim) => gate.resume(claim),
    onPause: (listener) => void gate.onPause(listener),
    release: async (claim, failed) => gate.release(claim, failed),
    begin: async () => gate.begin(),
    expect: async (claims) => gate.expect(claims),
    onLost(claim, lost) {
      const signal = gate.lost(claim);
      const tell = (): void => lost(asVmrigError(signal.reason));
      if (signal.aborted) tell();
      else signal.addEventListener("abort", tell, { once: true });
    },
    onOver: (over) => void gate.onOver(over),
    close: () => {},
  };
}
