import { VmrigError } from "vmrig/driver";
import type { Server } from "../api/servers.ts";

/** @throws VmrigError `MACHINE_UNREACHABLE` for a server without a public IPv4 address */
export function publicAddress({ id, name, public_net }: Server): string {
  if (public_net.ipv4 !== null) return public_net.ipv4.ip;
  throw new VmrigError("MACHINE_UNREACHABLE", {
    message: `Server ${id} "${name}" has no public IPv4 address.`,
    hint: "it was removed outside vmrig: assign one in the cloud's console while the server is off, and run again",
  });
}
