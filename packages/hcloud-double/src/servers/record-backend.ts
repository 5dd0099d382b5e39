import type { ServerBackend } from "./backend.ts";

/** Servers that exist only in the API. They power off as soon as the button is pressed. */
export const recordBackend: ServerBackend = {
  writeImage: async () => {},
  start: async () => {},
  stop: async () => {},
  shutDown: async () => {},
  reboot: async () => {},
  resize: async () => {},
  copyDisk: async () => 1.5,
  remove: async () => {},
  removeImage: async () => {},
};
