import type { OptionNames } from "../../errors/check-options.ts";
import { WAIT_OPTIONS, type WaitOptions } from "./wait-options.ts";

export interface LogWaitOptions extends WaitOptions {
  /** The systemd unit. Without `unit` and `file`, the whole journal is read. */
  readonly unit?: string | undefined;
  /** A log file instead of the journal. */
  readonly file?: string | undefined;
  /**
   * Lines that count: those after a time of the machine's clock (journal only), those from now on,
   * or all lines of this boot and of the file.
   *
   * @defaultValue the journal since the test began, the whole file
   */
  readonly since?: Date | "now" | "boot" | undefined;
}

export const LOG_WAIT_OPTIONS: OptionNames<LogWaitOptions> = {
  ...WAIT_OPTIONS,
  unit: true,
  file: true,
  since: true,
};

/**
 * Returns the text written since the previous call, or `undefined` when the file does not exist.
 */
export type LogReader = (signal?: AbortSignal) => Promise<string | undefined>;
