import { qemu } from "@vmrig/driver-qemu";
import { defineRig } from "vmrig";

const rig = defineRig({
  name: "service-under-test",
  driver: qemu(),
  machines: { pc1: {} },
  // Of a test that fails, the daemon's own log is kept beside the journal.
  evidence: { files: ["/var/log/tally/tally.log"] },
});

declare module "vmrig" {
  interface Register {
    rig: typeof rig;
  }
}

export default rig;
