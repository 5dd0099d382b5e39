import { defineRig } from "vmrig";
import { fakeDriver } from "vmrig/driver-fake";

const { CHAOS_COPIES = "2", CHAOS_REDIS = "", CHAOS_TTL_MS = "1500" } = process.env;

/** The rig of the suite. Times are short, so that a run sees many leases expire, and gives its copy back as soon as it does not use it. */
const rig = defineRig({
  name: "chaos",
  driver: fakeDriver(),
  machines: { pc1: {}, pc2: {} },
  copies: Number(CHAOS_COPIES),
  lease: { ttl: `${Number(CHAOS_TTL_MS)}ms`, waitFor: "60s", idle: "20ms" },
  redis: { url: CHAOS_REDIS },
});

export default rig;
