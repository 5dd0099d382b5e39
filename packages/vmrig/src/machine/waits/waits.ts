import { checkOptions, type OptionNames } from "../../errors/check-options.ts";
import { checkCommandOptions } from "../command/command-options.ts";
import type { CommandResult } from "../command/outcome/command-result.ts";
import type { ServiceStatus } from "../resources/service-status.ts";
import { createTag, type Tag } from "../command/template/tag.ts";
import { FILE_WAIT_OPTIONS, waitForFile, type FileWaitOptions } from "./file.ts";
import { waitForHttp } from "./http.ts";
import { HTTP_WAIT_OPTIONS, type HttpResponse, type HttpWaitOptions } from "./http-response.ts";
import { waitForLog } from "./log.ts";
import { LOG_WAIT_OPTIONS, type LogWaitOptions } from "./log-options.ts";
import { WAIT_OPTIONS, type WaitOptions, type Watch } from "./wait-options.ts";
import {
  PORT_WAIT_OPTIONS,
  SOCKET_WAIT_OPTIONS,
  waitForPort,
  waitForUnixSocket,
  type PortWaitOptions,
  type SocketWaitOptions,
} from "./socket.ts";
import { waitForUnit } from "./unit.ts";
import { UNTIL_OPTIONS, waitUntilFails, waitUntilSucceeds, type UntilOptions } from "./until.ts";

/**
 * Waits for a state of the machine. Each wait checks repeatedly and tolerates a reboot. It ends
 * immediately when the state can no longer be reached.
 *
 * All waits throw VmrigError `WAIT_TIMEOUT` at the deadline, with the last observation,
 * `WAIT_FAILED` when waiting is useless, and `INSPECTION_FAILED` when the machine cannot answer.
 */
export interface MachineWaits {
  /**
   * Waits until a systemd unit is active. Fails immediately when the unit failed, is unknown, or is
   * inactive while no job is queued to start it.
   */
  waitForUnit(name: string, options?: WaitOptions): Promise<ServiceStatus>;
  /**
   * Waits until a process of the machine listens on a port, on any of its addresses; with
   * `state: "closed"`, until none does.
   */
  waitForPort(port: number, options?: PortWaitOptions): Promise<void>;
  /**
   * Waits until a process accepts connections at the path of a unix socket; with `state: "closed"`,
   * until none does.
   */
  waitForUnixSocket(path: string, options?: SocketWaitOptions): Promise<void>;
  /** Waits until anything has this name; with `state: "absent"`, until nothing has it. */
  waitForFile(path: string, options?: FileWaitOptions): Promise<void>;
  /** Waits until a port or URL responds as expected, requested from inside the machine. */
  waitForHttp(target: number | string, options?: HttpWaitOptions): Promise<HttpResponse>;
  /**
   * Waits until a line of the journal, of one unit in it, or of a file contains the text or matches
   * the pattern. Resolves with the line.
   */
  waitForLog(pattern: string | RegExp, options?: LogWaitOptions): Promise<string>;
  /**
   * Runs a line repeatedly until it exits with 0: `` pc1.waitUntilSucceeds`curl -f ${url}` ``. The
   * options are those of `$`.
   */
  readonly waitUntilSucceeds: Tag<UntilOptions, Promise<CommandResult>>;
  /** Runs a line repeatedly until it exits with another code than 0. Resolves with that result. */
  readonly waitUntilFails: Tag<UntilOptions, Promise<CommandResult>>;
}

type Wait<Subject, Options, Outcome> = (
  watch: Watch,
  subject: Subject,
  options: Partial<Options>,
) => Promise<Outcome>;

export function createWaits(watch: Watch): MachineWaits {
  const wait =
    <Subject, Options, Outcome>(
      name: keyof MachineWaits,
      run: Wait<Subject, Options, Outcome>,
      known: OptionNames<Options>,
    ) =>
    async (subject: Subject, options?: Options): Promise<Outcome> => {
      checkOptions(`${watch.context.name}.${name}()`, options, known);
      return run(watch, subject, options ?? {});
    };
  const until = (
    name: keyof MachineWaits,
    run: Wait<string, UntilOptions, CommandResult>,
  ): Tag<UntilOptions, Promise<CommandResult>> =>
    createTag(
      (options) => checkCommandOptions(`${watch.context.name}.${name}()`, options, UNTIL_OPTIONS),
      async (line, bound) => run(watch, line(), bound),
    );
  return {
    waitForUnit: wait("waitForUnit", waitForUnit, WAIT_OPTIONS),
    waitForPort: wait("waitForPort", waitForPort, PORT_WAIT_OPTIONS),
    waitForUnixSocket: wait("waitForUnixSocket", waitForUnixSocket, SOCKET_WAIT_OPTIONS),
    waitForFile: wait("waitForFile", waitForFile, FILE_WAIT_OPTIONS),
    waitForHttp: wait("waitForHttp", waitForHttp, HTTP_WAIT_OPTIONS),
    waitForLog: wait("waitForLog", waitForLog, LOG_WAIT_OPTIONS),
    waitUntilSucceeds: until("waitUntilSucceeds", waitUntilSucceeds),
    waitUntilFails: until("waitUntilFails", waitUntilFails),
  };
}
