import { defineRig } from "vmrig";
import { driverOf, machineKind } from "./machines.ts";

const kind = machineKind();
const { CHAOS_COPIES = "2", CHAOS_REDIS = "", CHAOS_TTL_MS = "1500" } = process.env;

/**
 * A real machine writes its rows to its console, which the test user may not write to by default. A
 * reboot makes the device again.
 */
const OPEN_CONSOLE = [
  `echo 'KERNEL=="ttyS0", MODE="0666"' > /etc/udev/rules.d/99-chaos.rules`,
  "chmod 666 /dev/ttyS0",
];

/**
 * The rig of the suite. Times are short, so that a run sees many leases expire and releases unused
 * copies immediately.
 */
const rig = defineRig({
  name: "chaos",
  driver: await driverOf(kind),
  machines: kind === "fake" ? { pc1: {}, pc2: {} } : { pc1: { prepare: { run: OPEN_CONSOLE } } },
  copies: Number(CHAOS_COPIES),
  lease: {
    ttl: `${Number(CHAOS_TTL_MS)}ms`,
    waitFor: kind === "fake" ? "60s" : "30m",
    idle: "20ms",
  },
  redis: { url: CHAOS_REDIS },
});

export default rig;
