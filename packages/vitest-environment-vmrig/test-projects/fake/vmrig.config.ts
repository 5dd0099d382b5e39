import { defineRig } from "vmrig";
import { fakeDriver } from "vmrig/driver-fake";

const rig = defineRig({ name: "pcs", driver: fakeDriver(), machines: { pc1: {}, pc2: {} } });

declare module "vmrig" {
  interface Register {
    rig: typeof rig;
  }
}

export default rig;
