import type { RollbackPolicy } from "../config/schema.ts";
import { asVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import type { Grant } from "../protocol/messages.ts";
import type { Gate } from "./gate.ts";

/** The claims of one client. They end with its connection: a dead worker cannot release them. */
export interface ClientClaims {
  claim(rollback: RollbackPolicy): Promise<Grant>;
  /**
   * Watches the lease of a grant, and returns the grant. Another copy may have replaced the one
   * before.
   */
  watch(granted: Grant): Grant;
  release(claim: string, failed?: boolean): void;
  /** Releases all claims of a client that has left, and those that it still waits for. */
  end(): void;
}

/** @param onLost Called when the lease of a claim is lost */
export function createClientClaims(
  gate: Gate,
  onLost: (claim: string, reason: VmrigError) => void,
): ClientClaims {
  /** Claims by id. Each one's controller removes the listener for the loss of its lease. */
  const claims = new Map<string, AbortController>();
  const left = new AbortController();

  const watch = (granted: Grant): Grant => {
    const { claim } = granted;
    claims.get(claim)?.abort();
    const lost = gate.lost(claim);
    const over = new AbortController();
    claims.set(claim, over);
    const report = (): void => {
      claims.delete(claim);
      onLost(claim, asVmrigError(lost.reason));
    };
    lost.addEventListener("abort", report, { once: true, signal: over.signal });
    return granted;
  };
  const release = (claim: string, failed = false): void => {
    claims.get(claim)?.abort();
    claims.delete(claim);
    gate.release(claim, failed);
  };

  return {
    async claim(rollback) {
      const granted = await gate.claim(rollback, left.signal);
      if (!left.signal.aborted) return watch(granted);
      gate.release(granted.claim);
      throw left.signal.reason;
    },
    watch,
    release,
    end() {
      left.abort(
        new VmrigError("CANCELLED", {
          message: "The test worker disconnected before its machines were ready.",
        }),
      );
      for (const claim of claims.keys()) release(claim);
    },
  };
}
