import type { Action } from "./action/action.ts";
import { startActions, type ActionName } from "./action/start-actions.ts";
import type { Client } from "./call/client.ts";
import type { OfResource } from "./resource/kind.ts";
import { CHANGE_PROTECTION, type ProtectOptions } from "./resource/protect.ts";
import { SERVERS } from "./servers.ts";

type Starts = (client: Client, options: OfResource) => Promise<readonly Action[]>;

const simple =
  (action: ActionName): Starts =>
  (client, options) =>
    startActions(client, { kind: SERVERS, action, ...options });

/** Starts a server. */
export const powerOn = simple({ path: "poweron", command: "start_server", verb: "start" });

/** Cuts the power. What the guest has not written is lost. */
export const powerOff = simple({
  path: "poweroff",
  command: "stop_server",
  verb: "switch off",
});

/** Cuts the power and starts the server again, from any state. */
export const resetServer = simple({ path: "reset", command: "reset_server", verb: "reset" });

/**
 * Asks the guest to reboot. The action succeeds as soon as the button was pressed; the guest may
 * ignore it.
 */
export const requestReboot = simple({
  path: "reboot",
  command: "reboot_server",
  verb: "request a reboot of",
});

/** Asks the guest to shut down: wait for the status `off`, and fall back to {@link powerOff}. */
export const requestShutdown = simple({
  path: "shutdown",
  command: "shutdown_server",
  verb: "request a shutdown of",
});

/**
 * Lets the next boot enter the rescue system, within 60 minutes and once. Does not reboot. The root
 * password that the API always makes is dropped: the keys log in.
 */
export const enableRescue = (
  client: Client,
  { of, ssh_keys, signal }: OfResource & { readonly ssh_keys: readonly [number, ...number[]] },
): Promise<readonly Action[]> =>
  startActions(client, {
    kind: SERVERS,
    of,
    action: {
      path: "enable_rescue",
      command: "enable_rescue",
      verb: "enable the rescue system of",
    },
    body: { type: "linux64", ssh_keys },
    signal,
  });

/** Lets the next boot start from the disk again. */
export const disableRescue = simple({
  path: "disable_rescue",
  command: "disable_rescue",
  verb: "disable the rescue system of",
});

/**
 * Overwrites the whole disk with an image and starts the server. It keeps id, addresses, labels,
 * networks and firewalls, and its user data unless you pass other.
 */
export const rebuildServer = (
  client: Client,
  {
    of,
    image,
    user_data,
    signal,
  }: OfResource & { readonly image: number; readonly user_data?: string },
): Promise<readonly Action[]> =>
  startActions(client, {
    kind: SERVERS,
    of,
    action: { path: "rebuild", command: "rebuild_server", verb: "rebuild" },
    body: { image, user_data },
    signal,
  });

/** Takes a server out of a private network, whose address is free then. */
export const detachFromNetwork = (
  client: Client,
  { of, network, signal }: OfResource & { readonly network: number },
): Promise<readonly Action[]> =>
  startActions(client, {
    kind: SERVERS,
    of,
    action: {
      path: "detach_from_network",
      command: "detach_from_network",
      verb: "take out of its network",
    },
    body: { network },
    signal,
  });

/** Switches the protection against deletion and rebuilding on or off; the API accepts only both. */
export const protectServer = (
  client: Client,
  { of, isProtected, signal }: ProtectOptions,
): Promise<readonly Action[]> =>
  startActions(client, {
    kind: SERVERS,
    of,
    action: CHANGE_PROTECTION,
    body: { delete: isProtected, rebuild: isProtected },
    signal,
  });
