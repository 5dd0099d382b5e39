import { expect, test } from "vitest";
import { linuxFamily, which } from "./system.mjs";

test.each([
  ['PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\n', "debian"],
  ['ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n', "debian"],
  ['ID="linuxmint"\nID_LIKE="ubuntu debian"\n', "debian"],
  ["ID=fedora\n", "fedora"],
  ['ID="rocky"\nID_LIKE="rhel centos fedora"\n', "fedora"],
  ["ID=arch\n", "arch"],
  ["ID=endeavouros\nID_LIKE=arch\n", "arch"],
  ["ID=alpine\nHOME_URL=https://debian.example\n", "other"],
  ["", "other"],
])("reads %j as %s", (text, family) => {
  expect(linuxFamily(text)).toBe(family);
});

test("finds a program in the first folder of PATH that has it", () => {
  expect(which("sh", "/nowhere:/bin:/usr/bin")).toBe("/bin/sh");
  expect(which("/bin/sh", "/nowhere")).toBe("/bin/sh");
  expect(which("/bin/vmrig-no-such-program", "/bin")).toBeUndefined();
  expect(which("vmrig-no-such-program", "/bin:/usr/bin")).toBeUndefined();
});
