import { expect, test } from "vitest";
import { backportsFor, isTrustedQemu, mainArchive } from "./qemu.mjs";

test.each([
  ["QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)", false],
  ["QEMU emulator version 8.1.5", false],
  ["QEMU emulator version 8.2.2 (Debian 1:8.2.2+ds)", true],
  ["QEMU emulator version 10.0.2", true],
  ["no such program", false],
])("%s is trusted to emulate: %s", (text, trusted) => {
  expect(isTrustedQemu(text)).toBe(trusted);
});

test("only Debian 12 needs its backports", () => {
  expect(backportsFor("ID=debian\nVERSION_CODENAME=bookworm\n")).toBe("bookworm-backports");
  expect(backportsFor("ID=debian\nVERSION_CODENAME=trixie\n")).toBeUndefined();
  expect(backportsFor("ID=mint\nID_LIKE=debian\nVERSION_CODENAME=bookworm\n")).toBeUndefined();
});

test("finds the main archive among a computer's sources", () => {
  expect(
    mainArchive(["http://mirror.example/debian-security/", "http://mirror.example/debian/", ""]),
  ).toBe("http://mirror.example/debian/");
  expect(mainArchive(["http://mirror.example/ubuntu/"])).toBeUndefined();
});
