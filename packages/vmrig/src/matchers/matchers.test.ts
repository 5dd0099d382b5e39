import { join } from "node:path";
import { describe, expect, expectTypeOf, test } from "vitest";
import { type TestMachine, useMachine } from "../machine/fixtures.test.kit.ts";
import type { Machine } from "../machine/machine.ts";
import type { Shell } from "../machine/shell/shell.ts";
import type { Service } from "../machine/resources/service.ts";
import type { ServiceStatus } from "../machine/resources/service-status.ts";
import { toAssertion, type AssertionContext, type AssertionResult } from "./assert.ts";
import type { MachineMatchers } from "./assertions.ts";
import type { AsymmetricMatcher } from "./check.ts";
import { MATCHERS, type MatcherName } from "./matchers.ts";

/**
 * Runs against a real SSH server on this computer. The answers about services are recorded from
 * systemd 252, because the test environment has no systemd.
 */
let rig: TestMachine;
let pc1: Machine;
let shell: Shell;
let path: (name: string) => string;
useMachine(async (made) => {
  rig = made;
  ({ pc1 } = rig);
  path = (name) => join(rig.server.folder, name);
  await pc1.$`cd ${rig.server.folder} && printf 'hello\n' >greeting && chmod 640 greeting`;
  shell = await pc1.shell({ command: "printf 'Name: '; read -r name" });
  await shell.waitForScreen("Name:");
});

const STAYS: ServiceStatus = {
  unit: "stays.service",
  description: "Stays",
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
const FAILS: ServiceStatus = {
  ...STAYS,
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

const equals = (actual: unknown, expected: unknown): boolean =>
  typeof expected === "object" && expected !== null && "asymmetricMatch" in expected
    ? (expected as AsymmetricMatcher).asymmetricMatch(actual)
    : Object.is(actual, expected);

const QUICK = { timeout: 300, interval: 20 } as const;

function check(
  name: MatcherName,
  subject: unknown,
  args: readonly unknown[],
  more: Partial<AssertionContext> = {},
): Promise<AssertionResult> {
  const wanted = MATCHERS[name].takes === "nothing" ? [] : args.slice(0, 1);
  return toAssertion(name, subject, [...wanted, QUICK], { isNot: false, equals, ...more }).check();
}

interface Case {
  readonly subject: () => unknown;
  readonly args?: readonly unknown[];
  readonly holds: boolean;
  /**
   * The whole message of the failed matcher, or of the passed matcher under `.not`, without the
   * time.
   */
  readonly says: RegExp;
}

const file = (name: string) => () => pc1.file(path(name));

const CASES: Readonly<Record<MatcherName, readonly Case[]>> = {
  toExist: [
    {
      subject: file("greeting"),
      holds: true,
      says: /^expected pc1:\S+greeting as \S+ not to exist\n {2}looked for T s; last seen: it is there$/,
    },
    {
      subject: file("none"),
      holds: false,
      says: /^expected pc1:\S+none as \S+ to exist\n {2}looked for T s; last seen: it is not there$/,
    },
    {
      subject: () => pc1.account("root"),
      holds: true,
      says: /^expected user root on pc1 as \S+ not to exist\n/,
    },
    { subject: () => pc1.group("none"), holds: false, says: /^expected group none on pc1/ },
    { subject: () => pc1.interface("lo"), holds: true, says: /^expected interface lo on pc1/ },
  ],
  toHaveText: [
    {
      subject: file("greeting"),
      args: ["hello\n"],
      holds: true,
      says: /greeting as \S+ not to have the text "hello\\n"\n.*last seen: "hello\\n"$/,
    },
    {
      subject: file("greeting"),
      args: ["bye\n"],
      holds: false,
      says: /greeting as \S+ to have the text "bye\\n"\n.*last seen: "hello\\n"$/,
    },
    {
      subject: file("greeting"),
      args: [/^h/g],
      holds: true,
      says: /not to have the text \/\^h\/g\n/,
    },
    {
      subject: file("greeting"),
      args: [expect.stringContaining("ell")],
      holds: true,
      says: /not to have the text StringContaining "ell"\n/,
    },
  ],
  toContainText: [
    {
      subject: file("greeting"),
      args: ["ell"],
      holds: true,
      says: /not to contain the text "ell"/,
    },
    {
      subject: file("greeting"),
      args: [/^x/],
      holds: false,
      says: /to contain the text \/\^x\/\n.*: "hello\\n"$/,
    },
  ],
  toHaveMode: [
    { subject: file("greeting"), args: [0o640], holds: true, says: /not to have mode 0640\n/ },
    {
      subject: file("greeting"),
      args: [0o600],
      holds: false,
      says: /to have mode 0600\n.*last seen: mode 0640$/,
    },
  ],
  toHaveOwner: [
    {
      subject: file("greeting"),
      args: ["root:root"],
      holds: false,
      says: /to belong to root:root\n.*last seen: \S+:\S+$/,
    },
    {
      subject: () => pc1.file("/etc/hostname"),
      args: ["root"],
      holds: true,
      says: /not to belong to root\n/,
    },
  ],
  toBeRunning: [
    {
      subject: () => service(STAYS),
      holds: true,
      says: /^expected service app on pc1 as \S+ not to be running\n.*last seen: active \(running\)$/,
    },
    {
      subject: () => service(FAILS),
      holds: false,
      says: /to be running\n.*last seen: failed \(exit-code 3\)$/,
    },
    {
      subject: () => pc1.process("sshd"),
      holds: true,
      says: /not to be running\n.*last seen: pid \d+/,
    },
    {
      subject: () => pc1.process("none"),
      holds: false,
      says: /last seen: there is no such process$/,
    },
  ],
  toBeEnabled: [
    {
      subject: () => service(STAYS),
      holds: true,
      says: /not to be enabled\n.*last seen: enabled$/,
    },
    { subject: () => service(FAILS), holds: false, says: /to be enabled\n.*last seen: static$/ },
  ],
  toBeInstalled: [
    {
      subject: () => pc1.package("coreutils"),
      holds: true,
      says: /^expected package coreutils on pc1 as \S+ not to be installed\n.*: version \d/,
    },
    { subject: () => pc1.package("no-such-package"), holds: false, says: /: it is not installed$/ },
  ],
  toHaveVersion: [
    {
      subject: () => pc1.package("coreutils"),
      args: [/^\d/],
      holds: true,
      says: /not to have version/,
    },
    {
      subject: () => pc1.package("coreutils"),
      args: ["0"],
      holds: false,
      says: /to have version "0"\n.*: "\d/,
    },
  ],
  toBeListening: [
    {
      subject: () => pc1.port(rig.server.target.port),
      holds: true,
      says: /^expected port \d+ on pc1 .*: something listens on 127\.0\.0\.1$/s,
    },
    {
      subject: () => pc1.socket("unix:///none"),
      holds: false,
      says: /^expected unix socket \/none on pc1 .*: nothing listens$/s,
    },
  ],
  toBeMounted: [
    { subject: () => pc1.mount("/proc"), holds: true, says: /not to be mounted\n.*: proc, proc$/ },
    { subject: () => pc1.mount("/none"), holds: false, says: /: nothing is mounted there$/ },
  ],
  toBeUp: [
    { subject: () => pc1.interface("lo"), holds: true, says: /not to be up\n.*: it is up$/ },
  ],
  toHaveAddress: [
    {
      subject: () => pc1.interface("lo"),
      args: ["127.0.0.1"],
      holds: true,
      says: /not to have address 127\.0\.0\.1\n/,
    },
    {
      subject: () => pc1.interface("lo"),
      args: ["10.0.0.1/24"],
      holds: false,
      says: /: it has 127\.0\.0\.1\/8/,
    },
  ],
  toHaveValue: [
    {
      subject: () => pc1.sysctl("kernel.ostype"),
      args: ["Linux"],
      holds: true,
      says: /^expected sysctl kernel\.ostype on pc1 as \S+ not to have the value "Linux"/,
    },
    {
      subject: () => pc1.sysctl("kernel.ostype"),
      args: [3],
      holds: false,
      says: /to have the value 3\n.*: "Linux"$/,
    },
  ],
  toBelongTo: [
    {
      subject: () => pc1.account("root"),
      args: ["root"],
      holds: true,
      says: /not to belong to the group root\n/,
    },
    { subject: () => pc1.account("root"), args: ["none"], holds: false, says: /: it is in root/ },
  ],
  toSucceed: [
    {
      subject: () => () => pc1.$`true`,
      holds: true,
      says: /^expected `true` on pc1 as \S+ not to succeed\n.*: exit code 0$/,
    },
    {
      subject: () => () => pc1.$`echo no luck >&2; exit 7`,
      holds: false,
      says: /to succeed\n {2}looked for T s; last seen: exit code 7: no luck$/,
    },
  ],
  toExitWith: [
    { subject: () => () => pc1.$`exit 7`, args: [7], holds: true, says: /not to exit with 7\n/ },
    {
      subject: () => pc1.$({ reject: false })`exit 7`,
      args: [3],
      holds: false,
      says: /to exit with 3\n {2}seen: exit code 7$/,
    },
  ],
  toPrint: [
    {
      subject: () => () => pc1.$`echo hello`,
      args: ["hello"],
      holds: true,
      says: /^expected `echo hello` on pc1 as \S+ not to print "hello"\n/,
    },
    {
      subject: () => () => pc1.$`echo hello; exit 1`,
      args: [/bye/],
      holds: false,
      says: /to print \/bye\/\n.*: "hello"$/,
    },
  ],
  toShow: [
    {
      subject: () => shell,
      args: [/^Name:/],
      holds: true,
      says: /^expected shell "printf .*" on pc1 as \S+ not to show \/\^Name:\/\n {2}looked for T s; last seen: a screen whose last line is "Name:"$/,
    },
    {
      subject: () => shell,
      args: ["name"],
      holds: false,
      says: /to show "name"\n.*: a screen whose last line is "Name:"$/,
    },
  ],
};

describe.each(Object.entries(CASES))("%s", (key, cases) => {
  const name = key as MatcherName;

  test.each(cases)("$holds: $says", async ({ subject, args = [], holds, says }) => {
    const given = await subject();
    const [straight, turned] = await Promise.all([
      check(name, given, args),
      check(name, given, args, { isNot: true }),
    ]);
    // Like a runner: under `.not`, a passing verdict is a failure.
    expect([straight.pass, turned.pass]).toEqual([holds, holds]);
    expect((holds ? turned : straight).message().replace(/\d+\.\d s/, "T s")).toMatch(says);
  });

  test("rejects a machine, a string and undefined, with an example in the hint", () => {
    for (const wrong of [pc1, "x", undefined, 5]) {
      expect(() => toAssertion(name, wrong, ["x"], { isNot: false, equals })).toThrow(
        expect.objectContaining({
          code: "MATCHER_MISUSED",
          hint: expect.stringContaining(`${name}(`),
        }),
      );
    }
  });
});

test("the types name the matchers of the table", () => {
  expectTypeOf<keyof MachineMatchers<unknown>>().toEqualTypeOf<MatcherName>();
  expect(Object.keys(CASES).toSorted()).toEqual(Object.keys(MATCHERS).toSorted());
});
