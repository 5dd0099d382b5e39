import type { VmrigError } from "../errors/vmrig-error.ts";

type LossListener = (error: VmrigError) => void;

/** Listeners for the loss of a claim's lease. Each one is called once. */
export interface LossListeners {
  /** Registers the listener of a claim. Calls it immediately when the lease is lost already. */
  add(claim: string, listener: LossListener): void;
  /** Removes the listener of a claim that ends. */
  remove(claim: string): void;
  /** Reports that the lease of a claim is lost. */
  lose(claim: string, error: VmrigError): void;
  /** Reports that every lease is lost, including those of later listeners. */
  loseAll(error: VmrigError): void;
}

export function createLossListeners(): LossListeners {
  const listeners = new Map<string, LossListener>();
  /**
   * A loss may be reported before its listener is registered: the notice can come in one chunk with
   * the grant, and even before the grant.
   */
  const early = new Map<string, VmrigError>();
  let allLost: VmrigError | undefined;

  return {
    add(claim, listener) {
      const error = early.get(claim) ?? allLost;
      early.delete(claim);
      if (error === undefined) listeners.set(claim, listener);
      else listener(error);
    },
    remove(claim) {
      listeners.delete(claim);
      early.delete(claim);
    },
    lose(claim, error) {
      const listener = listeners.get(claim);
      listeners.delete(claim);
      if (listener === undefined) early.set(claim, error);
      else listener(error);
    },
    loseAll(error) {
      allLost = error;
      for (const listener of listeners.values()) listener(error);
      listeners.clear();
    },
  };
}
