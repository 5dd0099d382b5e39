import { defineRig, type RigConfig } from "vmrig";
import { fakeDriver } from "vmrig/driver-fake";

/** Options of the rig for one run. */
const special = JSON.parse(process.env["TEST_RIG"] ?? "{}") as Partial<
  Pick<RigConfig, "keep" | "lease" | "rollback">
>;

const rig = defineRig({
  name: "pcs",
  driver: fakeDriver(),
  machines: { pc1: {} },
  copies: 2,
  ...special,
});

declare module "vmrig" {
  interface Register {
    rig: typeof rig;
  }
}

export default rig;
