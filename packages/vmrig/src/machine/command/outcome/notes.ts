import { STOP_GRACE_MS } from "../../../ssh/stop-signals.ts";
import type { Ending } from "../../../ssh/ending.ts";
import type { Stop } from "./outcome.ts";

/** Returns facts about the end of a command that its result does not show. */
export function notesOn(ending: Ending, began: boolean): string[] {
  if (!began) return ["it was not started"];
  const { lingered, signal, exitCode, ended } = ending;
  if (lingered) {
    return [
      `its shell had ended with ${signal ?? exitCode}, but something it left running keeps its output open: redirect that to a file`,
    ];
  }
  if (ended === "exited" || exitCode !== undefined || signal !== undefined) return [];
  return [`the machine did not confirm its end within ${STOP_GRACE_MS / 1000} s`];
}

/** Returns facts about why this side stopped a command. */
export function notesOnStop(stop: Stop | undefined): string[] {
  if (stop?.why === "overflow") return [`${stop.output} had more than ${stop.maxBytes} bytes`];
  if (stop?.why === "input") return ["its input could not be read to the end"];
  return stop?.why === "unread" ? ["the reader of its output had ended"] : [];
}

/** Returns the hint for a command that this side stopped. */
export function hintOn(stop: Stop | undefined): { hint: string } | undefined {
  if (stop?.why !== "overflow") return undefined;
  return {
    hint: "raise `maxBuffer`; or set `buffer: false` and read the output as a stream",
  };
}
