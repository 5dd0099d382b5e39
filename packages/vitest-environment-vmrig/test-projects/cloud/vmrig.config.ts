import { hcloud } from "@vmrig/driver-hcloud";
import { defineRig } from "vmrig";

/** The API and its token are in the environment: `HCLOUD_ENDPOINT` is the one of a double. */
const rig = defineRig({
  name: "team",
  driver: hcloud({
    locations: ["fsn1"],
    serverTypes: ["cx23"],
    firewall: { ssh: ["203.0.113.0/24"] },
  }),
  machines: { pc1: {} },
});

declare module "vmrig" {
  interface Register {
    rig: typeof rig;
  }
}

export default rig;
