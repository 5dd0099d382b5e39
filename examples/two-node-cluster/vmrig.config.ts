import { qemu } from "@vmrig/driver-qemu";
import { defineRig } from "vmrig";

const rig = defineRig({
  name: "two-node-cluster",
  driver: qemu(),
  machines: { pc1: {}, pc2: {} },
});

declare module "vmrig" {
  interface Register {
    rig: typeof rig;
  }
}

export default rig;
