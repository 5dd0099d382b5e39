import { expect, test } from "vitest";
import { chooseAccelerator, resolveAccelerator, type AcceleratorFacts } from "./accelerator.ts";

const linux: AcceleratorFacts = {
  platform: "linux",
  arch: "x64",
  kvmOpens: true,
  cpuinfo: "processor : 0\nflags\t\t: fpu sse vmx ept\n",
};

test.each([
  ["intel with /dev/kvm", linux, "kvm"],
  ["amd with /dev/kvm", { ...linux, cpuinfo: "flags : fpu svm" }, "kvm"],
  [
    "a paravirtualised host whose /dev/kvm opens and lies",
    { ...linux, cpuinfo: "flags : fpu hypervisor" },
    "tcg",
  ],
  [
    "a word that only contains vmx",
    { ...linux, cpuinfo: "flags : fpu novmxhere\nmodel name : vmx" },
    "tcg",
  ],
  ["no permission to open /dev/kvm", { ...linux, kvmOpens: false }, "tcg"],
  ["arm64 with /dev/kvm", { ...linux, arch: "arm64", cpuinfo: "Features : fp asimd" }, "kvm"],
  ["macOS", { ...linux, platform: "darwin" as const }, "tcg"],
])("%s", (_title, facts, accelerator) => {
  expect(chooseAccelerator(facts).accelerator).toBe(accelerator);
});

test("rejects an explicit kvm if /dev/kvm cannot be opened", () => {
  expect(() => resolveAccelerator("kvm", { ...linux, kvmOpens: false })).toThrow(
    'The config asks for accel "kvm", but /dev/kvm cannot be opened',
  );
});

test("accepts an explicit kvm if the device opens", () => {
  expect(resolveAccelerator("kvm", { ...linux, cpuinfo: "" }).accelerator).toBe("kvm");
});
