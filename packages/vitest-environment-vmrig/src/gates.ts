import type { Vitest } from "vitest/node";
import { VmrigError } from "vmrig";
import { spawnGate, type GateProcess } from "vmrig/runner";
import { takeOverSignals } from "./signals.ts";

/** One gate of a Vitest, for all of its projects that use the same config. */
export interface SharedGate extends Pick<GateProcess, "socket" | "copies"> {
  /** A new run begins in watch mode. */
  begin(): Promise<void>;
  /** The last project to leave closes the gate. */
  leave(): Promise<void>;
}

interface Entry {
  readonly gate: GateProcess;
  projects: number;
}

interface Gates {
  readonly entries: Map<string, Promise<Entry>>;
  readonly giveBackSignals: () => void;
}

const KEY = Symbol.for("vmrig.gates");

/**
 * The gate of a config, started by the first project that asks. Two gates of one Vitest would wait for each other: what one holds until the
 * end of the run is what the other waits for.
 */
export async function shareGate(vitest: Vitest & { [KEY]?: Gates }, config: string, maxCopies: number | undefined): Promise<SharedGate> {
  const gates = (vitest[KEY] ??= { entries: new Map(), giveBackSignals: takeOverSignals(vitest) });
  const starting = gates.entries.get(config) ?? start(vitest, config, maxCopies);
  gates.entries.set(config, starting);
  const entry = await starting;
  entry.projects += 1;
  return {
    socket: entry.gate.socket,
    copies: () => entry.gate.copies(),
    begin: async () => (await entry.gate.control()).begin(),
    async leave() {
      entry.projects -= 1;
      if (entry.projects > 0) return;
      gates.entries.delete(config);
      if (gates.entries.size === 0) {
        gates.giveBackSignals();
        delete vitest[KEY];
      }
      await entry.gate.close();
    },
  };
}

async function start(vitest: Vitest, config: string, maxCopies: number | undefined): Promise<Entry> {
  const say = (line: string): void => vitest.logger.log(` vmrig  ${line}`);
  /** One error for the run, and no test that runs on without its machines. */
  const end = (reason: VmrigError): void => {
    // What was called off is none: a test has failed before.
    if (reason.code !== "CANCELLED") vitest.state.catchError(reason, "vmrig");
    void vitest.cancelCurrentRun("test-failure");
  };
  const gate = await spawnGate({
    config,
    onLine: say,
    onDeath(how) {
      say(`gate     ended unexpectedly (${how})`);
      end(new VmrigError("GATE_LOST", { message: `The gate ended in the middle of the run (${how}).` }));
    },
    ...(maxCopies !== undefined && { maxCopies }),
  });
  gate.control().then(
    (client) =>
      client.onOver((reason) => {
        say(`over     ${reason.summary}`);
        end(reason);
      }),
    () => {}, // whoever claims machines is told why
  );
  return { gate, projects: 0 };
}
