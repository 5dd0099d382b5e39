import { checkOptions } from "../../errors/check-options.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { createUser, type UserAccount } from "./account.ts";
import { createGroup, type Group } from "./group.ts";
import { readFacts, type Facts } from "./facts.ts";
import { createMount, type Mount } from "./mount.ts";
import { createInterface, type NetworkInterface } from "./network-interface.ts";
import { createPackage, type Package } from "./package.ts";
import { createProcesses, type Processes } from "./process.ts";
import { PROCESS_FILTER, type ProcessFilter } from "./process-filter.ts";
import { createService, type Service } from "./service.ts";
import { createSocket, type Socket } from "./socket.ts";
import { PORT_OPTIONS, parseSpec, portTarget, type PortOptions } from "./socket-target.ts";
import { createSysctl, type Sysctl } from "./sysctl.ts";

/**
 * Resources of a machine that a test can query. Creating a resource object sends nothing. Each read
 * is a single round trip.
 */
export interface MachineResources {
  /** Returns a systemd unit: `nginx`, `backup.timer`. */
  service(name: string): Service;
  /** Returns a package of dpkg, rpm or apk. */
  package(name: string): Package;
  /** Returns the processes with this program name, or those that match the filter. */
  process(filter: string | ProcessFilter): Processes;
  group(name: string): Group;
  /** Returns the account of a user. For commands as that user, use `as(name)`. */
  account(name: string): UserAccount;
  port(port: number, options?: PortOptions): Socket;
  /**
   * Returns a socket: `tcp://127.0.0.1:80`, `udp://53`, `unix:///run/app.sock`.
   *
   * @throws VmrigError `COMMAND_INVALID`
   */
  socket(spec: string): Socket;
  mount(path: string): Mount;
  interface(name: string): NetworkInterface;
  /** Returns a kernel parameter: `net.ipv4.ip_forward`. */
  sysctl(key: string): Sysctl;
  /** Reads system, kernel, processors, memory and boot. @throws VmrigError `INSPECTION_FAILED` */
  facts(): Promise<Facts>;
}

export function createResources(context: ExecutionContext): MachineResources {
  return {
    service: (name) => createService(context, name),
    package: (name) => createPackage(context, name),
    process(filter) {
      if (typeof filter !== "string")
        checkOptions(`${context.name}.process()`, filter, PROCESS_FILTER);
      return createProcesses(context, filter);
    },
    account: (name) => createUser(context, name),
    group: (name) => createGroup(context, name),
    port(port, options) {
      checkOptions(`${context.name}.port()`, options, PORT_OPTIONS);
      return createSocket(context, portTarget(port, options));
    },
    socket: (spec) => createSocket(context, parseSpec(spec)),
    mount: (path) => createMount(context, path),
    interface: (name) => createInterface(context, name),
    sysctl: (key) => createSysctl(context, key),
    facts: () => readFacts(context),
  };
}
