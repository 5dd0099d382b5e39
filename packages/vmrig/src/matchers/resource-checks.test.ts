import { type TestMachine, useMachine } from "../machine/fixtures.test.kit.ts";
import type { Machine } from "../machine/machine.ts";
import type { Service, ServiceStatus } from "../machine/resources/service.ts";
import { testChecks } from "./checks.test.kit.ts";
import { resourceChecks } from "./resource-checks.ts";

let machine: TestMachine;
let pc1: Machine;
useMachine((started) => {
  machine = started;
  ({ pc1 } = machine);
});

/** Recorded from systemd 252, because the test environment has no systemd. */
const RUNNING: ServiceStatus = {
  unit: "app.service",
  description: "App",
  load: "loaded",
  active: "active",
  sub: "running",
  enabled: "enabled",
  result: "success",
  pid: 78,
  exitStatus: 0,
  restarts: 0,
  hasJob: false,
};
const FAILED: ServiceStatus = {
  ...RUNNING,
  active: "failed",
  sub: "failed",
  enabled: "static",
  result: "exit-code",
  exitStatus: 3,
  pid: undefined,
};

const service = (status: ServiceStatus): Service => ({
  ...pc1.service("app"),
  status: () => Promise.resolve(status),
});

testChecks(resourceChecks, {
  toBeRunning: [
    {
      subject: () => service(RUNNING),
      passes: true,
      message:
        /^expected service app on pc1 as \S+ not to be running\n.*last seen: active \(running\)$/,
    },
    {
      subject: () => service(FAILED),
      passes: false,
      message: /to be running\n.*last seen: failed \(exit-code 3\)$/,
    },
    {
      subject: () => pc1.process("sshd"),
      passes: true,
      message: /not to be running\n.*last seen: pid \d+/,
    },
    {
      subject: () => pc1.process("none"),
      passes: false,
      message: /last seen: there is no such process$/,
    },
  ],
  toBeEnabled: [
    {
      subject: () => service(RUNNING),
      passes: true,
      message: /not to be enabled\n.*last seen: enabled$/,
    },
    {
      subject: () => service(FAILED),
      passes: false,
      message: /to be enabled\n.*last seen: static$/,
    },
  ],
  toBeInstalled: [
    {
      subject: () => pc1.package("coreutils"),
      passes: true,
      message: /^expected package coreutils on pc1 as \S+ not to be installed\n.*: version \d/,
    },
    {
      subject: () => pc1.package("no-such-package"),
      passes: false,
      message: /: it is not installed$/,
    },
  ],
  toHaveVersion: [
    {
      subject: () => pc1.package("coreutils"),
      args: [/^\d/],
      passes: true,
      message: /not to have version/,
    },
    {
      subject: () => pc1.package("coreutils"),
      args: ["0"],
      passes: false,
      message: /to have version "0"\n.*: "\d/,
    },
  ],
  toBeListening: [
    {
      subject: () => pc1.port(machine.server.target.port),
      passes: true,
      message: /^expected port \d+ on pc1 .*: something listens on 127\.0\.0\.1$/s,
    },
    {
      subject: () => pc1.socket("unix:///none"),
      passes: false,
      message: /^expected unix socket \/none on pc1 .*: nothing listens$/s,
    },
  ],
  toBeMounted: [
    {
      subject: () => pc1.mount("/proc"),
      passes: true,
      message: /not to be mounted\n.*: proc, proc$/,
    },
    { subject: () => pc1.mount("/none"), passes: false, message: /: nothing is mounted there$/ },
  ],
  toBeUp: [
    { subject: () => pc1.interface("lo"), passes: true, message: /not to be up\n.*: it is up$/ },
  ],
  toHaveAddress: [
    {
      subject: () => pc1.interface("lo"),
      args: ["127.0.0.1"],
      passes: true,
      message: /not to have address 127\.0\.0\.1\n/,
    },
    {
      subject: () => pc1.interface("lo"),
      args: ["10.0.0.1/24"],
      passes: false,
      message: /: it has 127\.0\.0\.1\/8/,
    },
  ],
  toHaveValue: [
    {
      subject: () => pc1.sysctl("kernel.ostype"),
      args: ["Linux"],
      passes: true,
      message: /^expected sysctl kernel\.ostype on pc1 as \S+ not to have the value "Linux"/,
    },
    {
      subject: () => pc1.sysctl("kernel.ostype"),
      args: [3],
      passes: false,
      message: /to have the value 3\n.*: "Linux"$/,
    },
  ],
});
