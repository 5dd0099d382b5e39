import { accessSync, constants, readFileSync } from "node:fs";
import { VmrigError } from "vmrig/driver";

export type Accelerator = "kvm" | "tcg";

export interface AcceleratorFacts {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  /** Whether `/dev/kvm` can be opened for reading and writing. */
  readonly kvmOpens: boolean;
  /** The text of `/proc/cpuinfo`. */
  readonly cpuinfo: string;
}

export interface AcceleratorChoice {
  readonly accelerator: Accelerator;
  /** Reason, for people: `/dev/kvm is usable`. */
  readonly why: string;
}

/**
 * Chooses KVM if it can work, otherwise emulation. An open `/dev/kvm` is not enough: on a host that
 * is itself a paravirtualised guest it opens and answers, but no guest ever gets past its firmware.
 * So on x86 the CPU flags must include `vmx` or `svm` too.
 */
export function chooseAccelerator(facts: AcceleratorFacts): AcceleratorChoice {
  if (facts.platform !== "linux")
    return { accelerator: "tcg", why: `KVM needs Linux, this is ${facts.platform}` };
  if (!facts.kvmOpens)
    return { accelerator: "tcg", why: "/dev/kvm cannot be opened for reading and writing" };
  if (facts.arch === "x64" && !/^flags\s*:.*\b(vmx|svm)\b/m.test(facts.cpuinfo)) {
    return { accelerator: "tcg", why: "/dev/kvm opens, but the CPU has neither vmx nor svm" };
  }
  return { accelerator: "kvm", why: "/dev/kvm is usable" };
}

export function measureAccelerator(): AcceleratorFacts {
  return {
    platform: process.platform,
    arch: process.arch,
    kvmOpens: kvmOpens(),
    cpuinfo: cpuinfo(),
  };
}

/** Resolves the option. `auto` chooses; an explicit `kvm` that cannot work is an error. */
export function resolveAccelerator(
  requested: Accelerator | "auto",
  facts: AcceleratorFacts,
): AcceleratorChoice {
  const choice = chooseAccelerator(facts);
  if (requested === "tcg")
    return {
      accelerator: "tcg",
      why: choice.accelerator === "tcg" ? choice.why : "the config asks for it",
    };
  if (requested === "kvm" && choice.accelerator !== "kvm" && !facts.kvmOpens) {
    throw new VmrigError("QEMU_FAILED", {
      message: `The config asks for accel "kvm", but ${choice.why}.`,
      hint: 'add yourself to the group kvm, or use accel: "auto"',
    });
  }
  return requested === "kvm" ? { accelerator: "kvm", why: "the config asks for it" } : choice;
}

function kvmOpens(): boolean {
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function cpuinfo(): string {
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return "";
  }
}
