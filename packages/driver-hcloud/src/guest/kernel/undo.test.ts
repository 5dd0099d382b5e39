import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { parseDifferences } from "./parse-differences.ts";
import { undoScript } from "./undo.ts";

function commands(...lines: string[]): string[] {
  const script = undoScript(parseDifferences(lines.join("\n")).differences);
  return script
    .slice(script.lastIndexOf("}\n") + 2)
    .split("\n")
    .filter((line) => line !== "");
}

test("undoes what holds a module before the module, and sysctls last", () => {
  expect(
    commands(
      "-sysctl net/ipv4/ip_forward:0",
      "+sysctl net/ipv4/ip_forward:1",
      "+module dummy",
      "+module loop",
      "+block loop0",
      "+link dummy7: <UP> mtu 1500",
    ),
  ).toEqual([
    "ip link del dev 'dummy7'",
    "losetup -d '/dev/loop0'",
    "remove_modules 'dummy' 'loop'",
    "printf '%s\\n' '0' > '/proc/sys/net/ipv4/ip_forward'",
  ]);
});

test("loads a module that a test removed", () => {
  expect(commands("-module nbd")).toEqual(["modprobe 'nbd'"]);
});

test("sets an interface back to what it was", () => {
  const before = "<UP> mtu 1500\\    link/ether 52:54:00:12:34:56";
  const now = "<PROMISC> mtu 900 master br7\\    link/ether 52:54:00:12:34:57";
  expect(commands(`-link eth0: ${before}`, `+link eth0: ${now}`)).toEqual([
    "ip link set dev 'eth0' up promisc off arp on mtu 1500 nomaster address 52:54:00:12:34:56",
  ]);
});

test("a peer in the name of an interface is no part of it", () => {
  expect(commands("+link veth7@veth8: <UP> mtu 1500")).toEqual(["ip link del dev 'veth7'"]);
});

test("undoes addresses, routes and rules of both families", () => {
  expect(
    commands(
      "+addr eth0    inet 10.9.8.8/24 scope global eth0",
      "-addr lo    inet 127.0.0.1/8 scope host lo",
      "+route -4 10.99.0.0/16 dev dummy7 scope link ",
      "+rule -6 32765:\tfrom fd00::/8 lookup 77",
    ),
  ).toEqual([
    "ip -6 rule del pref '32765' 'from' 'fd00::/8' 'lookup' '77'",
    "ip -4 route del '10.99.0.0/16' 'dev' 'dummy7' 'scope' 'link'",
    "ip addr del '10.9.8.8/24' dev 'eth0'",
    "ip addr add '127.0.0.1/8' dev 'lo'",
  ]);
});

test("names that a test chose stay words", () => {
  const name = "/run/a'; touch $(b)";
  const [command = ""] = commands(`+path ${name} f -`);
  const script = `remove_path() { printf '%s|' "$@"; }; ${command}`;
  expect(execFileSync("bash", ["-c", script], { encoding: "utf8" })).toBe(`${name}|`);
});

test("the whole script is one that bash can read", () => {
  const script = undoScript(
    parseDifferences(
      [
        "+path /dev/x f -",
        "+cgroup /sys/fs/cgroup/x",
        "+swap /swap",
        "+ipc shm 3 0x1",
        "+nftables x",
      ].join("\n"),
    ).differences,
  );
  expect(execFileSync("bash", ["-n"], { input: script, encoding: "utf8" })).toBe("");
});
