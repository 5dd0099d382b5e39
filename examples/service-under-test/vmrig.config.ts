import { qemu } from "@vmrig/driver-qemu";
import { defineRig } from "vmrig";

const rig = defineRig({
  name: "service-under-test",
  driver: qemu(),
  machines: { pc1: {} },
  // The evidence of a failed test includes the daemon's own log, beside the journal.
  evidence: { files: ["/var/log/tally/tally.log"] },
});

declare module "vmrig" {
  interface Register {
    rig: typeof rig;
  }
}

export default rig;
