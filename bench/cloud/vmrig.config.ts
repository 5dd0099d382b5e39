import { hcloud } from "@vmrig/driver-hcloud";
import { defineRig } from "vmrig";

/** The API and its token are in the environment. */
export default defineRig({
  name: "bench-cloud",
  driver: hcloud({
    locations: ["fsn1"],
    serverTypes: ["cx23"],
    firewall: { ssh: ["203.0.113.0/24"] },
  }),
  machines: { pc1: {} },
});
