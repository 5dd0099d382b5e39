import { describe, expect, test } from "vitest";
import { isHopeless } from "../waits/unit.ts";
import { parseInterface } from "./network-interface.ts";
import { parseMounts } from "./mountinfo.ts";
import { parsePackage } from "./installed-package.ts";
import { parseService } from "./systemctl-show.ts";
import { inWords, isActive, isEnabled, type ServiceStatus } from "./service-status.ts";

/** Output of programs. The comment above each text names its source. */
const PC1 = { name: "pc1", user: "vmrig" };

/** Recorded: `systemctl show` of systemd 252 (Debian 12), for units created for this test. */
const shown = (name: string, lines: string): ServiceStatus => parseService(PC1, name, lines.trim());
const STAYS = shown(
  "stays",
  `
MainPID=78
Result=success
NRestarts=0
ExecMainStatus=0
Id=stays.service
Description=Stays
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
Job=
`,
);
const FAILS = shown(
  "fails",
  `
MainPID=0
Result=exit-code
NRestarts=0
ExecMainStatus=3
Id=fails.service
Description=fails.service
LoadState=loaded
ActiveState=failed
SubState=failed
UnitFileState=static
Job=
`,
);
const AGAIN = shown(
  "again",
  `
MainPID=0
Result=exit-code
NRestarts=2
ExecMainStatus=1
Id=again.service
Description=again.service
LoadState=loaded
ActiveState=activating
SubState=auto-restart
UnitFileState=static
Job=
`,
);
const LATER = shown(
  "later",
  `
MainPID=0
Result=success
NRestarts=0
ExecMainStatus=0
Id=later.service
Description=later.service
LoadState=loaded
ActiveState=inactive
SubState=dead
UnitFileState=static
Job=286
`,
);
const NOWHERE = shown(
  "nowhere",
  `
MainPID=0
Result=success
NRestarts=0
ExecMainStatus=0
Id=nowhere.service
Description=nowhere.service
LoadState=not-found
ActiveState=inactive
SubState=dead
UnitFileState=
Job=
`,
);
const ROOT = shown(
  "-.mount",
  "Result=success\nId=-.mount\nDescription=Root Mount\nLoadState=loaded\nActiveState=active\nSubState=mounted\nUnitFileState=\nJob=",
);
/** Recorded: `systemctl list-jobs --no-legend` of the same system. */
const QUEUE = "286 later.service start waiting\n232 slow.service  start running\n";

describe("a unit of systemd", () => {
  test("is parsed with all its fields", () => {
    expect(STAYS).toEqual({
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
    });
    expect(AGAIN.restarts).toBe(2);
    expect(ROOT).toMatchObject({ pid: undefined, exitStatus: undefined, active: "active" });
  });

  test.each([
    ["stays", STAYS, "active (running)", true],
    ["fails", FAILS, "failed (exit-code 3)", false],
    ["again", AGAIN, "activating (auto-restart, exit-code 1)", false],
    ["later", LATER, "inactive (dead)", false],
    ["nowhere", NOWHERE, "not-found", false],
  ])("%s is described in words, and its active state is known", (_name, status, words, active) => {
    expect([inWords(status), isActive(status)]).toEqual([words, active]);
  });

  test.each([
    ["that failed", FAILS, QUEUE, true],
    ["that systemd does not know", NOWHERE, QUEUE, true],
    ["that has a job", LATER, QUEUE, false],
    ["that is inactive while others are queued", { ...LATER, hasJob: false }, QUEUE, false],
    [
      "that is inactive while nothing is queued",
      { ...LATER, hasJob: false },
      "No jobs running.\n",
      true,
    ],
    ["that systemd will start again", AGAIN, "", false],
  ])("one %s: isHopeless tells whether waiting is useless", (_which, status, queue, hopeless) => {
    expect(isHopeless(status, queue)).toBe(hopeless);
  });

  test("is enabled when it starts at boot", () => {
    expect([STAYS, FAILS, ROOT].map(isEnabled)).toEqual([true, false, false]);
  });

  test("without a LoadState is an error", () => {
    expect(() => parseService(PC1, "x", "Id=x.service\n")).toThrow(
      "Cannot read service x on pc1 as vmrig: systemctl reported no LoadState.",
    );
  });
});

/**
 * Written by hand in the format of dpkg-query(1), rpm(8) and apk-info(8), after the line in which
 * the query names the package manager.
 */
describe("packages", () => {
  test.each([
    [
      "dpkg\ninstalled 1:9.2p1-2+deb12u3 amd64",
      { version: "1:9.2p1-2+deb12u3", arch: "amd64", manager: "dpkg" },
    ],
    ["dpkg\nconfig-files 1.2 amd64", undefined],
    [
      "dpkg\nconfig-files 1.2 amd64\ninstalled 1.2 i386",
      { version: "1.2", arch: "i386", manager: "dpkg" },
    ],
    ["dpkg", undefined],
    ["rpm\n8.7p1-38.el9 x86_64", { version: "8.7p1-38.el9", arch: "x86_64", manager: "rpm" }],
    ["rpm\npackage openssh is not installed", undefined],
    ["apk\nopenssh-9.7_p1-r4", { version: "9.7_p1-r4", arch: undefined, manager: "apk" }],
    ["apk", undefined],
  ])("%j", (text, found) => {
    expect(parsePackage("openssh", text)).toEqual(found && { name: "openssh", ...found });
  });
});

test("mounts: parses names with blanks, and lists the options of both halves once", () => {
  // The example of proc_pid_mountinfo(5), with a blank added to its path.
  const text = `36 35 98:0 /mnt1 /mnt/with\\040blank rw,noatime master:1 - ext3 /dev/root rw,errors=continue
22 1 0:21 / /proc rw,nosuid - proc proc rw`;
  expect(parseMounts(text)).toEqual([
    {
      path: "/mnt/with blank",
      source: "/dev/root",
      type: "ext3",
      options: ["rw", "noatime", "errors=continue"],
    },
    { path: "/proc", source: "proc", type: "proc", options: ["rw", "nosuid"] },
  ]);
});

test.each([
  [
    "iproute2",
    `2: eth0@if12: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq_codel state UP group default qlen 1000
    link/ether 52:54:00:12:34:56 brd ff:ff:ff:ff:ff:ff
    inet 10.77.0.11/24 brd 10.77.0.255 scope global eth0
       valid_lft forever preferred_lft forever
    inet6 fe80::5054:ff:fe12:3456/64 scope link`,
    {
      name: "eth0",
      up: true,
      mtu: 1500,
      mac: "52:54:00:12:34:56",
      addresses: ["10.77.0.11/24", "fe80::5054:ff:fe12:3456/64"],
    },
  ],
  [
    "busybox, unplugged,",
    `3: eth1: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc fq_codel state DOWN qlen 1000
    link/ether 52:54:00:12:34:57 brd ff:ff:ff:ff:ff:ff`,
    { name: "eth1", up: false, mtu: 1500, mac: "52:54:00:12:34:57", addresses: [] },
  ],
  ["a missing interface", "", undefined],
])("parses an interface in the output of %s", (_who, text, status) => {
  expect(parseInterface(text)).toEqual(status);
});
