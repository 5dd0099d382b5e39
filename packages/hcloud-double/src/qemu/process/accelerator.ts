import { accessSync, constants, readFileSync } from "node:fs";

/** Options of QEMU for the processor. */
export interface Accelerator {
  readonly accel: string;
  readonly cpu: string;
}

const EMULATION: Accelerator = { accel: "tcg,thread=multi", cpu: "max" };
const KVM: Accelerator = { accel: "kvm", cpu: "host" };

/**
 * Hardware virtualisation where it works. On a computer that is a paravirtualised guest itself,
 * `/dev/kvm` opens and no guest gets past its firmware: so the CPU must have the flag, too.
 */
export function bestAccelerator(): Accelerator {
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
    const hasFlag = /^flags\s*:.*\b(?:vmx|svm)\b/m.test(readFileSync("/proc/cpuinfo", "utf8"));
    return hasFlag || process.arch === "arm64" ? KVM : EMULATION;
  } catch {
    return EMULATION;
  }
}
