import { defineRig } from "vmrig";
import { fakeDriver } from "vmrig/driver-fake";

const rig = defineRig({
  name: "pcs",
  driver: fakeDriver(),
  machines: { pc1: {}, pc2: {} },
  evidence: { files: ["/proc/self/status"], secrets: ["DEPLOY_TOKEN"], timeout: "3s" },
});

declare module "vmrig" {
  interface Register {
    rig: typeof rig;
  }
}

export default rig;
