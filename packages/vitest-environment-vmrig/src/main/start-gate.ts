import type { TestProject, Vitest } from "vitest/node";
import { VmrigError } from "vmrig";
import { spawnGate, type GateProcess } from "vmrig/runner";
import type { PausePrompt } from "./pause-prompt.ts";

export interface Entry {
  gate: GateProcess;
  dead: boolean;
  readonly projects: Set<TestProject>;
}

export interface StartOptions {
  readonly vitest: Vitest;
  readonly config: string;
  readonly prompt: PausePrompt;
  readonly maxCopies?: number;
}

/** Prints lines above the output of the reporters. */
export function sayBy(vitest: Vitest): (line: string) => void {
  return (line) => vitest.logger.log(` vmrig  ${line}`);
}

/** Starts a gate. With `instead`, the new gate replaces the dead gate of that entry. */
export async function startGate(
  { vitest, config, prompt, maxCopies }: StartOptions,
  instead?: Entry,
): Promise<Entry> {
  const say = sayBy(vitest);
  /** Reports one error for the run, and cancels the tests that have no machines left. */
  const end = (reason: VmrigError): void => {
    say(`over     ${reason.summary}`);
    // A cancelled run is no error: a test has failed before.
    if (reason.code !== "CANCELLED") vitest.state.catchError(reason, "vmrig");
    void vitest.cancelCurrentRun("test-failure");
  };
  let died = false;
  let entry = instead;
  const gate = await spawnGate({
    config,
    onLine: say,
    onDeath(how) {
      died = true;
      if (entry !== undefined) entry.dead = true;
      end(
        new VmrigError("GATE_LOST", {
          message: `vmrig's background process (the gate) exited unexpectedly (${how}).`,
          hint: "run again: its leases expire by themselves",
        }),
      );
    },
    ...(maxCopies !== undefined && { maxCopies }),
  });
  gate.client().then(
    (client) => {
      client.onOver(end);
      prompt.attend(client, config);
    },
    () => {}, // the workers that claim machines report the reason
  );
  entry ??= { gate, dead: died, projects: new Set() };
  entry.dead = died;
  return Object.assign(entry, { gate });
}
