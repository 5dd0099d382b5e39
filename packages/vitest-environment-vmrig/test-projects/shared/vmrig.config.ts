import { defineRig, type RigConfig } from "vmrig";
import { fakeDriver } from "vmrig/driver-fake";

/** Options of the rig for one run. */
const special = JSON.parse(process.env["TEST_RIG"] ?? "{}") as Partial<RigConfig>;

const rig = defineRig({
  name: "pcs",
  driver: fakeDriver(),
  machines: { pc1: {} },
  lease: { ttl: "6s" },
  ...special,
});

declare module "vmrig" {
  interface Register {
    rig: typeof rig;
  }
}

export default rig;
