import { relative } from "node:path";
import type { TestProject, TestSpecification, Vitest } from "vitest/node";
import { VmrigError } from "vmrig";
import { findConfig, spawnGate, type GateProcess } from "vmrig/runner";
import { remainingFiles } from "./remaining-files.ts";
import { createPausePrompt, type PausePrompt } from "./pause-prompt.ts";
import { takeOverSignals } from "./signals.ts";

/** One gate of a Vitest, for all of its projects that use the same config. */
export interface SharedGate {
  /** Where workers reach it; another one after it had to be started anew. */
  readonly socket: string;
  /** Whether a failed test stops there until somebody has looked. */
  readonly pause: boolean;
  /** How many copies the config has. */
  copies(): Promise<number>;
  /** A new run begins in watch mode, of these files. */
  begin(files: readonly TestSpecification[]): Promise<void>;
  /** The last project to leave closes the gate. */
  leave(): Promise<void>;
}

interface Entry {
  gate: GateProcess;
  dead: boolean;
  readonly projects: Set<TestProject>;
}

interface Gates {
  readonly entries: Map<string, Promise<Entry>>;
  readonly desk: PausePrompt;
  readonly giveBackSignals: () => void;
}

const KEY = Symbol.for("vmrig.gates");

/**
 * The gate of a config, started by the first project that asks. Two gates of one Vitest would wait
 * for each other: what one holds until the end of the run is what the other waits for.
 */
export async function shareGate(
  project: TestProject,
  config: string,
  maxCopies: number | undefined,
): Promise<SharedGate> {
  const vitest: Vitest & { [KEY]?: Gates } = project.vitest;
  const gates = (vitest[KEY] ??= {
    entries: new Map(),
    desk: createPausePrompt({ vitest, say: sayBy(vitest), configWords }),
    giveBackSignals: takeOverSignals(vitest),
  });
  const { desk } = gates;
  const options: StartOptions = {
    vitest,
    config,
    desk,
    ...(maxCopies !== undefined && { maxCopies }),
  };
  const starting = gates.entries.get(config) ?? start(options);
  gates.entries.set(config, starting);
  const entry = await starting;
  entry.projects.add(project);
  /** What it knows of the files only helps it to be quick. */
  const expect = async (files?: readonly TestSpecification[]): Promise<void> => {
    const count = remainingFiles(vitest, entry.projects, files);
    await (await entry.gate.control()).expect(count);
  };
  expect().catch(() => {});
  return {
    get socket() {
      return entry.gate.socket;
    },
    pause: desk.open,
    copies: () => entry.gate.copies(),
    async begin(files) {
      if (entry.dead) await start(options, entry);
      else await (await entry.gate.control()).begin();
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

interface StartOptions {
  readonly vitest: Vitest;
  readonly config: string;
  readonly desk: PausePrompt;
  readonly maxCopies?: number;
}

function sayBy(vitest: Vitest): (line: string) => void {
  return (line) => vitest.logger.log(` vmrig  ${line}`);
}

/** For a command in the folder that Vitest was started in. */
async function configWords(config: string): Promise<string> {
  const found = await findConfig(process.cwd()).catch(() => undefined);
  return found === config ? "" : ` --config ${relative(process.cwd(), config)}`;
}

/** TestStartState a gate, in the place of one that has died where there is one. */
async function start(
  { vitest, config, desk, maxCopies }: StartOptions,
  instead?: Entry,
): Promise<Entry> {
  const say = sayBy(vitest);
  /** One error for the run, and no test that runs on without its machines. */
  const end = (reason: VmrigError): void => {
    say(`over     ${reason.summary}`);
    // What was called off is no error: a test has failed before.
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
          message: `The gate ended unexpectedly (${how}); its leases run out by themselves.`,
        }),
      );
    },
    ...(maxCopies !== undefined && { maxCopies }),
  });
  gate.control().then(
    (client) => {
      client.onOver(end);
      desk.attend(client, config);
    },
    () => {}, // whoever claims machines is told why
  );
  entry ??= { gate, dead: died, projects: new Set() };
  entry.dead = died;
  return Object.assign(entry, { gate });
}
