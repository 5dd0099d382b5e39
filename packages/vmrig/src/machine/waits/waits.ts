import type { CommandResult } from "../command/command.ts";
import type { ServiceStatus } from "../resources/service.ts";
import { createTag, type Tag } from "../command/tag.ts";
import { waitForFile, type FileWaitOptions } from "./file.ts";
import { waitForHttp, type HttpResponse, type HttpWaitOptions } from "./http.ts";
import { waitForLog, type LogWaitOptions } from "./log.ts";
import type { WaitOptions, Watch } from "./wait-options.ts";
import {
  waitForPort,
  waitForUnixSocket,
  type PortWaitOptions,
  type SocketWaitOptions,
} from "./socket.ts";
import { waitForUnit } from "./unit.ts";
import { waitUntilFails, waitUntilSucceeds, type UntilOptions } from "./until.ts";

/**
 * Each looks again and again until it is so. A reboot on the way is waited out; what cannot become
 * so any more ends the wait at once.
 *
 * All throw VmrigError `WAIT_TIMEOUT` at the deadline, with what was seen last, `WAIT_FAILED` where
 * waiting is of no use, and `INSPECTION_FAILED` where the machine cannot tell.
 */
export interface MachineWaits {
  /**
   * Until a unit of systemd is active; fails at once when it failed, is unknown, or is inactive
   * while nothing is queued to start it.
   */
  waitForUnit(name: string, options?: WaitOptions): Promise<ServiceStatus>;
  /**
   * Until something on the machine listens on a port, on any of its addresses; or, with
   * `state: "closed"`, until nothing does.
   */
  waitForPort(port: number, options?: PortWaitOptions): Promise<void>;
  /**
   * Until something accepts connections at the path of a unix socket; or, with `state: "closed"`,
   * until nothing does.
   */
  waitForUnixSocket(path: string, options?: SocketWaitOptions): Promise<void>;
  /** Until there is anything of that name; or, with `state: "absent"`, nothing. */
  waitForFile(path: string, options?: FileWaitOptions): Promise<void>;
  /** Until a port or URL answers as wanted, asked from inside the machine. */
  waitForHttp(target: number | string, options?: HttpWaitOptions): Promise<HttpResponse>;
  /**
   * Until a line of the journal, of one unit in it, or of a file has the words or matches; resolves
   * with it.
   */
  waitForLog(pattern: string | RegExp, options?: LogWaitOptions): Promise<string>;
  /**
   * Runs a line again and again until it exits with 0: `` pc1.waitUntilSucceeds`curl -f ${url}` ``;
   * options as with `$`.
   */
  readonly waitUntilSucceeds: Tag<UntilOptions, Promise<CommandResult>>;
  /** Runs a line again and again until it exits with anything else. Resolves with that result. */
  readonly waitUntilFails: Tag<UntilOptions, Promise<CommandResult>>;
}

export function createWaits(watch: Watch): MachineWaits {
  return {
    waitForUnit: (name, options = {}) => waitForUnit(watch, name, options),
    waitForPort: (port, options = {}) => waitForPort(watch, port, options),
    waitForUnixSocket: (path, options = {}) => waitForUnixSocket(watch, path, options),
    waitForFile: (path, options = {}) => waitForFile(watch, path, options),
    waitForHttp: async (target, options = {}) => waitForHttp(watch, target, options),
    waitForLog: (pattern, options = {}) => waitForLog(watch, pattern, options),
    waitUntilSucceeds: createTag<UntilOptions, Promise<CommandResult>>(async (line, bound) =>
      waitUntilSucceeds(watch, line(), bound),
    ),
    waitUntilFails: createTag<UntilOptions, Promise<CommandResult>>(async (line, bound) =>
      waitUntilFails(watch, line(), bound),
    ),
  };
}
