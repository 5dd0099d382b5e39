import type { Crowd } from "./crowd.ts";
import type { MachineUse } from "./plan.ts";
import type { Violation } from "./judge/violation.ts";
import { until } from "./until.ts";
import { isMachineEvent, type EventLog } from "./event-log.ts";

/** Long enough for all visits to overlap. */
const MACHINE_USE: MachineUse = { commands: 3, commandMs: 400, disconnects: false, pauseMs: 0 };

export interface FinalRunsOptions {
  readonly crowd: Crowd;
  readonly eventLog: EventLog;
  readonly copies: readonly string[];
  readonly withinMs: number;
  readonly round: number;
}

/**
 * Starts as many new runs as there are copies, after all other runs have ended. Each run must get a
 * copy within the bound.
 */
export async function finalRuns({
  crowd,
  eventLog,
  copies,
  withinMs,
  round,
}: FinalRunsOptions): Promise<Violation[]> {
  const sessions = copies.map((_, index) => `final-run-${round}-${index + 1}`);
  const ended = Promise.all(
    sessions.map((session) => crowd.send({ session, maxCopies: 1, workers: [[MACHINE_USE]] })),
  );
  const reached = (): string[] => {
    const own = eventLog.rows
      .filter(isMachineEvent)
      .filter(({ session }) => sessions.includes(session));
    return copies.filter((copy) => own.some((event) => event.copy === copy));
  };
  await until(withinMs, async () => {
    await eventLog.readMore();
    return reached().length === copies.length ? true : undefined;
  });
  const missed = copies.filter((copy) => !reached().includes(copy));
  const codes = await ended;
  await eventLog.readMore();
  return [
    ...missed.map((copy): Violation => ({
      promise: "frees itself",
      what: `after the last fault no run was granted ${copy} within ${withinMs} ms`,
    })),
    ...codes
      .filter((code) => code !== 0)
      .map((code): Violation => ({
        promise: "ends",
        what: `a run without any fault ended with ${code}`,
      })),
  ];
}
