import type { Clock } from "../../clock/clock.ts";
import type { RemoteProcess } from "../../ssh/process.ts";
import type { Connector } from "../link.ts";
import type { Become } from "./script.ts";
import type { CommandObserver } from "./command-observer.ts";

/** A machine as one of its users. */
export interface ExecutionContext {
  readonly name: string;
  readonly user: string;
  /** Missing when it is the user who logs in. */
  readonly become?: Become;
  readonly link: Connector;
  /** Ends every command of the machine. */
  readonly signal?: AbortSignal;
  /** The signal of what runs now, a test: it ends the commands that begin in its time. */
  readonly scope?: () => AbortSignal | undefined;
  readonly clock?: Clock;
  /** Who sees what is run now. Asked when a command begins. */
  readonly observer?: () => CommandObserver | undefined;
}

export interface CommandLine {
  /** For the shell. */
  readonly line: string;
  /** For people. @defaultValue the line */
  readonly command?: string;
  /** One look of many, which are told together under this name. */
  readonly look?: string;
  /**
   * Of vmrig's own making: its input is a file's content, which others may read.
   *
   * @defaultValue false
   */
  readonly internal?: boolean;
  /** Somebody sits at it: all of its terminal's session ends with it. @defaultValue false */
  readonly foreground?: boolean;
  /** Is told when it has begun. */
  readonly attend?: (process: RemoteProcess) => void;
}
