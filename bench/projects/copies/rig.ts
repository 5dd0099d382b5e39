import { defineRig, type RigConfig } from "vmrig";
import { fakeDriver } from "vmrig/driver-fake";

export function rigWithCopies(copies: number): RigConfig {
  return defineRig({
    name: `copies-${copies}`,
    driver: fakeDriver(),
    machines: { pc1: {} },
    copies,
  });
}
