import { qemu } from "@vmrig/driver-qemu";
import { defineRig } from "vmrig";

const rig = defineRig({
  name: "terminal-app",
  driver: qemu(),
  machines: { pc1: {} },
});

declare module "vmrig" {
  interface Register {
    rig: typeof rig;
  }
}

export default rig;
