import type { Folders } from "../config/folders.ts";
import type { ResolvedRig } from "../config/schema.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { Grant } from "../gate/messages.ts";
import type { Connection, SshTarget } from "../ssh/connection.ts";
import { openRig } from "./open-rig.ts";
import type { Surroundings } from "./verb.ts";

/** Machines that are held while a verb works with them. */
export interface Held {
  readonly rig: ResolvedRig;
  readonly folders: Folders;
  readonly granted: Grant;
  /** Aborts when the program is told to end, and when the lease is lost. */
  readonly signal: AbortSignal;
  /** Logs in, and proves that the machine is at its baseline before anything else runs on it. Whoever calls it closes it. */
  readonly connect: (name: string) => Promise<Connection>;
}

export interface HoldOptions {
  /** Looks at the rig before anything is leased. */
  readonly check?: (rig: ResolvedRig) => void;
  /** Addresses that may be replaced. @defaultValue none */
  readonly allow?: ReadonlySet<string>;
}

/**
 * Leases the rig and brings its machines to their baseline, through the same gate as a test run; hands them on when `work` has ended,
 * however that happens.
 */
export async function holdMachines<T>(
  surroundings: Surroundings,
  { check, allow }: HoldOptions,
  work: (held: Held) => Promise<T>,
): Promise<T> {
  const { holder, say, signal: ended } = surroundings;
  const { rig, folders } = await openRig(surroundings);
  check?.(rig);
  // Loaded late, so that a help and a mistake are told at once.
  const [{ openGate }, { proven }, { dial }] = await Promise.all([
    import("../gate/gate.ts"),
    import("../baseline/proof.ts"),
    import("../ssh/connection.ts"),
  ]);
  ended.throwIfAborted();
  await using gate = openGate({ rig, folders, holder, say, ...(allow && { allow }) });
  // While it works, its own signal tells it to end; the machines are handed on after that.
  const giveUp = (): void => void gate.close();
  ended.addEventListener("abort", giveUp, { once: true });
  const granted = await gate.claim("file");
  ended.removeEventListener("abort", giveUp);
  const signal = AbortSignal.any([ended, gate.lost(granted.claim)]);
  signal.throwIfAborted();
  const connect = async (name: string): Promise<Connection> => {
    const connection = await dial(targetOf(granted, name), { name, signal });
    const { baseline, guest, nonce, claim } = granted;
    const onFailure = (error: VmrigError): void => gate.broken(claim, name, error);
    try {
      await proven(connection, { machine: name, baseline, guest, nonce, onFailure }).exec(":", { signal });
      signal.throwIfAborted();
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  };
  return await work({ rig, folders, granted, signal, connect });
}

/** Where a machine of the grant is, and what opens it. */
export function targetOf({ machines }: Grant, name: string): SshTarget {
  const machine = machines.find((candidate) => candidate.name === name);
  if (machine === undefined) throw new VmrigError("INTERNAL", { message: `The grant has no machine ${name}.` });
  return machine.target;
}
