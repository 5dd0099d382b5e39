import type { TestProject, TestSpecification, Vitest } from "vitest/node";
import { remainingFiles } from "./remaining-files.ts";
import { createPausePrompt, type PausePrompt } from "./pause-prompt.ts";
import { takeOverSignals } from "./signals.ts";
import { type Entry, type StartOptions, sayBy, startGate } from "./start-gate.ts";
import { configWords } from "./config-words.ts";

/** One gate of a Vitest process, shared by all projects that use the same config. */
export interface SharedGate {
  /** Socket on which workers reach the gate. It changes when the gate had to be restarted. */
  readonly socket: string;
  /** Whether a failed test pauses until a person continues the run. */
  readonly pause: boolean;
  /** Returns the number of copies in the config. */
  copies(): Promise<number>;
  /** Begins a new run of these files in watch mode. */
  begin(files: readonly TestSpecification[]): Promise<void>;
  /** Removes the project. The last project to leave closes the gate. */
  leave(): Promise<void>;
}

interface Gates {
  readonly entries: Map<string, Promise<Entry>>;
  readonly prompt: PausePrompt;
  readonly giveBackSignals: () => void;
}

const KEY = Symbol.for("vmrig.gates");

/**
 * Returns the gate of a config. The first project that calls this function starts the gate. Two
 * gates in one Vitest process would deadlock: one holds until the end of the run the lease that the
 * other one waits for.
 */
export async function shareGate(
  project: TestProject,
  config: string,
  maxCopies: number | undefined,
): Promise<SharedGate> {
  const vitest: Vitest & { [KEY]?: Gates } = project.vitest;
  const gates = (vitest[KEY] ??= {
    entries: new Map(),
    prompt: createPausePrompt({ vitest, say: sayBy(vitest), configWords }),
    giveBackSignals: takeOverSignals(vitest),
  });
  const { prompt } = gates;
  const options: StartOptions = {
    vitest,
    config,
    prompt,
    ...(maxCopies !== undefined && { maxCopies }),
  };
  const starting = gates.entries.get(config) ?? startGate(options);
  gates.entries.set(config, starting);
  const entry = await starting;
  entry.projects.add(project);
  /**
   * Tells the gate how many files are left. The number is an optimisation only, so its failures are
   * ignored.
   */
  const expect = async (files?: readonly TestSpecification[]): Promise<void> => {
    const count = remainingFiles(vitest, entry.projects, files);
    await (await entry.gate.client()).expect(count);
  };
  expect().catch(() => {});
  return {
    get socket() {
      return entry.gate.socket;
    },
    pause: prompt.open,
    copies: () => entry.gate.copies(),
    async begin(files) {
      if (entry.dead) await startGate(options, entry);
      else await (await entry.gate.client()).begin();
      await expect(files);
    },
    async leave() {
      entry.projects.delete(project);
      if (entry.projects.size > 0) return;
      gates.entries.delete(config);
      if (gates.entries.size === 0) {
        gates.giveBackSignals();
        delete vitest[KEY];
      }
      await entry.gate.close();
    },
  };
}
