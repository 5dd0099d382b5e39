import { expect, test } from "vitest";
import { installAdvice, packagesFor, programs } from "./programs.mjs";

test("selects Debian's emulator for this computer's architecture", () => {
  expect(packagesFor(programs("x64"), "debian")).toContain("qemu-system-x86");
  expect(packagesFor(programs("arm64"), "debian")).toContain("qemu-system-arm");
  expect(packagesFor(programs("arm64"), "debian")).not.toContain("qemu-system-x86");
});

test("knows every program's package on Debian", () => {
  expect(programs("x64").filter((need) => need.packages.debian === undefined)).toEqual([]);
});

test("names a package once, even when it has two programs", () => {
  expect(packagesFor(programs("arm64"), "macos")).toEqual([
    "qemu",
    "vde",
    "redis",
    "postgresql",
    "python",
    "openssh",
    "zsh",
    "google-chrome",
  ]);
});

test.each(
  /** @type {const} */ ([
    ["debian", "sudo apt-get install --no-install-recommends qemu-system-x86 qemu-utils"],
    ["fedora", "sudo dnf install qemu-system-x86-core qemu-img"],
    ["arch", "sudo pacman -S qemu-system-x86 qemu-img"],
    ["macos", "brew install qemu"],
  ]),
)("prints the command to run on %s", (family, line) => {
  const missing = programs("x64").filter((need) =>
    need.commands.some((command) => command.startsWith("qemu-")),
  );
  expect(installAdvice(missing, family)).toEqual([
    "missing: qemu-system-x86_64, qemu-img",
    `hint: ${line}`,
  ]);
});

test("names the programs for which a system has no package", () => {
  const missing = programs("x64").filter(
    (need) => need.commands.includes("mmdebstrap") || need.commands.includes("mkfs.btrfs"),
  );
  expect(installAdvice(missing, "arch")).toEqual([
    "missing: mmdebstrap, mkfs.btrfs",
    "hint: sudo pacman -S btrfs-progs",
    "no package of this system is known for: mmdebstrap",
  ]);
  expect(installAdvice(missing, "other")).toEqual([
    "missing: mmdebstrap, mkfs.btrfs",
    "no package of this system is known for: mmdebstrap, mkfs.btrfs",
  ]);
});
