import { hcloud } from "@vmrig/driver-hcloud";
import { defineRig } from "vmrig";

const rig = defineRig({
  name: "team",
  driver: hcloud({
    locations: ["fsn1", "nbg1", "hel1"],
    serverTypes: ["cx23", "cpx22"],
    // The network of the office, and that of the CI runners.
    firewall: { ssh: ["203.0.113.0/24", "198.51.100.0/24"] },
  }),
  machines: { pc1: {}, pc2: {} },
  // Two test files run at the same time, also when they are of two people.
  copies: 2,
  // A server that is switched off is billed, too. The next run creates the machines again.
  rest: { after: "3d", do: "destroy" },
});

declare module "vmrig" {
  interface Register {
    rig: typeof rig;
  }
}

export default rig;
