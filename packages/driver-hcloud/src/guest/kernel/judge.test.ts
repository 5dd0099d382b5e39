import { expect, test } from "vitest";
import { reasonsToReboot, type Phase } from "./judge.ts";
import { parseDifferences } from "./parse-differences.ts";

function reasons(lines: readonly string[], phase: Phase = "before"): string[] {
  return reasonsToReboot(parseDifferences(lines.join("\n")), phase);
}

const LINK =
  "<BROADCAST,UP,LOWER_UP> mtu 1500 qdisc fq_codel state UP\\    link/ether 52:54:00:12:34:56 brd ff:ff:ff:ff:ff:ff promiscuity 0";

test("nothing that differs is no reason", () => {
  expect(reasons([])).toEqual([]);
});

test("an idle module that cannot be unloaded is a reason at once, one in use only after the soft reboot", () => {
  expect(reasons(["+module dummy"])).toEqual(["kernel module dummy cannot be unloaded"]);
  expect(reasons(["+module loop", "held loop"])).toEqual([]);
  expect(reasons(["+module loop", "held loop"], "after")).toEqual([
    "kernel module loop cannot be unloaded",
  ]);
});

test("names a sysctl as people write it, with both values", () => {
  expect(
    reasons(["-sysctl kernel/modules_disabled:0", "+sysctl kernel/modules_disabled:1"]),
  ).toEqual(["sysctl kernel.modules_disabled is 1 and cannot be set to 0"]);
});

test("a sysctl that came or went with its module or interface is no reason", () => {
  expect(reasons(["+sysctl net/ipv4/conf/dummy7/rp_filter:2", "-sysctl dev/raid/x:1"])).toEqual([]);
});

test("a kernel that is not the captured one is a reason with both versions", () => {
  expect(
    reasons(["-kernel Linux version 6.12.1 (b) #1", "+kernel Linux version 6.12.2 (b) #1"]),
  ).toEqual(["another kernel runs: 6.12.2 instead of 6.12.1"]);
});

test("a link whose queue or state differs is no difference", () => {
  const quiet = LINK.replace("fq_codel state UP", "noqueue state DOWN").replace(",LOWER_UP", "");
  expect(parseDifferences(`-link eth0: ${LINK}\n+link eth0: ${quiet}`).differences).toEqual([]);
});

test("an interface of a device that is gone is a reason at once, a virtual one is not", () => {
  expect(reasons([`-link eth0: ${LINK} parentbus virtio parentdev virtio1 `])).toEqual([
    "network interface eth0 is gone",
  ]);
  expect(reasons([`-link docker0: ${LINK}`])).toEqual([]);
});

test("after the soft reboot, what services have not created yet is no reason", () => {
  expect(
    reasons(["-module nbd", `-link docker0: ${LINK}`, "-path /run/x.sock s -"], "after"),
  ).toEqual([]);
});

test("a device node that a test removed is a reason, a file of a service is not", () => {
  expect(reasons(["-path /dev/null c -", "-path /run/dbus/socket s -"])).toEqual([
    "device node /dev/null is gone",
  ]);
});

test("a line that is no fact takes a reboot, and stops no rollback", () => {
  expect(reasons(["+rm -rf /"])).toEqual(['something unknown is there: "+rm -rf /"']);
});
