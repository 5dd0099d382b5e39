import { defineRig } from "vmrig";
import { driverOf, machineKind } from "./machines.ts";

const kind = machineKind();
const { CHAOS_COPIES = "2", CHAOS_REDIS = "", CHAOS_TTL_MS = "1500" } = process.env;

/**
 * The rig of the suite. Times are short, so that a run sees many leases expire and releases unused
 * copies immediately.
 */
const rig = defineRig({
  name: "chaos",
  driver: driverOf(kind),
  // A real machine writes its rows to its console, which the test user may not write to by default.
  machines:
    kind === "real"
      ? { pc1: { prepare: { run: ["chmod 666 /dev/ttyS0"] } } }
      : { pc1: {}, pc2: {} },
  copies: Number(CHAOS_COPIES),
  lease: {
    ttl: `${Number(CHAOS_TTL_MS)}ms`,
    waitFor: kind === "real" ? "15m" : "60s",
    idle: "20ms",
  },
  redis: { url: CHAOS_REDIS },
});

export default rig;
