import type { Clock } from "../../clock/clock.ts";
import type { RemoteProcess } from "../../ssh/remote-process.ts";
import type { Connector } from "../link.ts";
import type { Become } from "./script/become.ts";
import type { CommandObserver } from "./command-observer.ts";

/** A machine, the user that runs commands on it, and how the commands run. */
export interface ExecutionContext {
  readonly name: string;
  readonly user: string;
  /** Missing for the login user. */
  readonly become?: Become;
  readonly link: Connector;
  /** Ends every command of the machine when it aborts. */
  readonly signal?: AbortSignal;
  /** Returns the signal of the current test. It ends the commands that start during that test. */
  readonly scope?: () => AbortSignal | undefined;
  readonly clock?: Clock;
  /** Returns the current observer. Called when a command starts. */
  readonly observer?: () => CommandObserver | undefined;
}

export interface CommandLine {
  /** The line for the shell. */
  readonly line: string;
  /** The command, as shown to people. @defaultValue the line */
  readonly command?: string;
  /** Name of a query. Repeated queries with one name are reported together. */
  readonly look?: string;
  /**
   * Whether vmrig issued the command itself. Its input is then the content of a file that other
   * users may read.
   *
   * @defaultValue false
   */
  readonly internal?: boolean;
  /**
   * Whether the startup files of the login shell must not affect the command. Its output is then
   * that of the command alone, and a command that never began is an error.
   *
   * @defaultValue false
   */
  readonly framed?: boolean;
  /**
   * Whether the command runs in the foreground of a terminal. The whole terminal session then ends
   * with it.
   *
   * @defaultValue false
   */
  readonly foreground?: boolean;
  /** Called when the command has started. */
  readonly attend?: (process: RemoteProcess) => void;
}
