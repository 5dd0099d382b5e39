import type { ServerBackend } from "./backend.ts";

/** Servers that exist only in the API. They power off as soon as the button is pressed. */
export function recordBackend(): ServerBackend {
  /** By the id of a server that runs. */
  const running = new Map<number, () => void>();
  return {
    // Reserved for tests of network devices (RFC 2544): no host has such an address.
    publicIpv4Range: "198.18.0.0/15",
    writeImage: async () => {},
    start: async ({ id }, { onPowerOff }) => void running.set(id, onPowerOff),
    stop: async ({ id }) => void running.delete(id),
    shutDown: async ({ id }) => {
      const onPowerOff = running.get(id);
      running.delete(id);
      onPowerOff?.();
    },
    reboot: async ({ id }, { onPowerOff }) => {
      running.set(id, onPowerOff);
      return true;
    },
    changeNetworks: async () => {},
    resize: async () => {},
    copyDisk: async () => 1.5,
    remove: async () => {},
    removeImage: async () => {},
  };
}
