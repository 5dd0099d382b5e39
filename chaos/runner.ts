/**
 * A run of a test runner: `node runner.ts`, with its plan as JSON in CHAOS_PLAN. It starts its
 * gate and its workers as Vitest would.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { spawnGate } from "vmrig/runner";
import type { RunnerPlan } from "./plan.ts";
import { recordQueueEvent } from "./event-log.ts";
import type { WorkerOptions } from "./worker.ts";

export interface RunnerOptions extends RunnerPlan {
  readonly eventLog: string;
}

const { session, workers, maxCopies, eventLog } = JSON.parse(
  process.env["CHAOS_PLAN"] ?? "null",
) as RunnerOptions;

/** Whether the gate is in the queue, according to its output. */
let stands = false;
let said = false;
const gate = await spawnGate({
  config: join(import.meta.dirname, "vmrig.config.ts"),
  maxCopies,
  command: session,
  onLine(line) {
    process.stdout.write(`${line}\n`);
    // A run that already has a copy is behind all runs without a copy, so its position in the queue
    // is irrelevant.
    stands = line.startsWith("wait ") && !line.endsWith("for one more copy");
    if (!stands) said = false;
    // Of lines that arrive together only the last one counts: a runner that was stopped meanwhile
    // reads the begin and the end of a wait together.
    setImmediate(() => {
      if (stands && !said) recordQueueEvent(eventLog, "line", session);
      said = stands;
    });
  },
  // The rest of the run can only fail.
  onDeath: () => process.exit(1),
});

const leave = async (): Promise<void> => {
  await gate.close();
  process.exit();
};
// Handles Ctrl-C as Vitest does: the tests are cancelled, then the machines released. SIGTERM ends
// the run immediately.
process.once("SIGINT", () => void leave());

await Promise.all(
  workers.map(async (visits, index) => {
    const orders: WorkerOptions = {
      socket: gate.socket,
      session,
      worker: index + 1,
      eventLog,
      visits,
    };
    const worker = fork(join(import.meta.dirname, "worker.ts"), {
      env: { ...process.env, CHAOS_WORKER: JSON.stringify(orders) },
    });
    await once(worker, "exit");
  }),
);
await leave();
