import type { Seat } from "../command/run.ts";
import { createGroup, createUser, type Group, type UserAccount } from "./account.ts";
import { readFacts, type Facts } from "./facts.ts";
import { createMount, type Mount } from "./mount.ts";
import { createInterface, type NetworkInterface } from "./network-interface.ts";
import { createPackage, type Package } from "./package.ts";
import { createProcesses, type ProcessFilter, type Processes } from "./process.ts";
import { createService, type Service } from "./service.ts";
import { createSocket, parseSpec, portTarget, type PortOptions, type Socket } from "./socket.ts";
import { createSysctl, type Sysctl } from "./sysctl.ts";

/** What a test can look at on a machine. Naming a part asks nothing; each of its reads is one round trip. */
export interface MachineParts {
  /** A unit of systemd: `nginx`, `backup.timer`. */
  service(name: string): Service;
  /** Of dpkg, rpm or apk. */
  package(name: string): Package;
  /** Processes by the name of their program, or by what else is known of them. */
  process(filter: string | ProcessFilter): Processes;
  group(name: string): Group;
  /** The account of a user; `as(name)` is the machine as that user. */
  account(name: string): UserAccount;
  port(port: number, options?: PortOptions): Socket;
  /** `tcp://127.0.0.1:80`, `udp://53`, `unix:///run/app.sock`. @throws VmrigError `COMMAND_INVALID` */
  socket(spec: string): Socket;
  mount(path: string): Mount;
  interface(name: string): NetworkInterface;
  /** A parameter of the kernel: `net.ipv4.ip_forward`. */
  sysctl(key: string): Sysctl;
  /** System, kernel, processors, memory, boot. @throws VmrigError `INSPECTION_FAILED` */
  facts(): Promise<Facts>;
}

export function createParts(seat: Seat): MachineParts {
  return {
    service: (name) => createService(seat, name),
    package: (name) => createPackage(seat, name),
    process: (filter) => createProcesses(seat, filter),
    account: (name) => createUser(seat, name),
    group: (name) => createGroup(seat, name),
    port: (port, options) => createSocket(seat, portTarget(port, options)),
    socket: (spec) => createSocket(seat, parseSpec(spec)),
    mount: (path) => createMount(seat, path),
    interface: (name) => createInterface(seat, name),
    sysctl: (key) => createSysctl(seat, key),
    facts: () => readFacts(seat),
  };
}
