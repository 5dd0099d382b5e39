import { isVmrigError, VmrigError } from "vmrig/driver";
import { awaitActions } from "../api/action/await-actions.ts";
import type { Action } from "../api/action/action.ts";
import { apiCodeOf } from "../api/call/api-error.ts";
import type { Client } from "../api/call/client.ts";
import type { Labels } from "../api/call/label-selector.ts";
import { listImages } from "../api/images.ts";
import { subject } from "../api/resource/kind.ts";
import { enableRescue, powerOn } from "../api/server-actions.ts";
import { createServer, SERVERS, type Server } from "../api/servers.ts";
import { createSshKey } from "../api/ssh-keys.ts";
import type { Architecture } from "./cloud-image.ts";
import type { Offer } from "./offers.ts";

export interface NewRescueServer {
  readonly name: string;
  readonly labels: Labels;
  /** May log in to the rescue system as root. */
  readonly publicKey: string;
  readonly architecture: Architecture;
  /** Tried one after the other. */
  readonly offers: readonly Offer[];
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

const ACTION_MS = 600_000;
const NO_ROOM = new Set(["resource_unavailable", "placement_error"]);

/** Creates a server that has never run its disk, and starts its rescue system. */
export async function startRescueServer(client: Client, wish: NewRescueServer): Promise<Server> {
  const { name, labels, publicKey, signal } = wish;
  const ended = (actions: readonly Action[], task: string): Promise<void> =>
    awaitActions(client, { actions, task, timeoutMs: ACTION_MS, signal });
  const key = await createSshKey(client, {
    key: { name, labels, public_key: publicKey },
    signal,
  });
  const ssh_keys = [key.resource.id] as const;
  const { resource: server, actions } = await createWhereRoom(client, { ...wish, ssh_keys });
  const who = subject(SERVERS, server);
  await ended(actions, `create ${who}`);
  const rescue = await enableRescue(client, { of: server, ssh_keys: [...ssh_keys], signal });
  await ended(rescue, `enable the rescue system of ${who}`);
  await ended(await powerOn(client, { of: server, signal }), `start ${who}`);
  return server;
}

async function createWhereRoom(
  client: Client,
  wish: NewRescueServer & { readonly ssh_keys: readonly [number] },
): ReturnType<typeof createServer> {
  const { name, labels, offers, ssh_keys, say, signal } = wish;
  const image = await anySystemImage(client, wish);
  let refusal: unknown;
  for (const { serverType, location } of offers) {
    say(`image    starting the temporary server ${name}: ${serverType} in ${location}`);
    try {
      return await createServer(client, {
        server: {
          name,
          labels,
          server_type: serverType,
          location,
          image,
          ssh_keys: [...ssh_keys],
          start_after_create: false,
          public_net: { enable_ipv4: true, enable_ipv6: false },
        },
        signal,
      });
    } catch (error) {
      if (!NO_ROOM.has(apiCodeOf(error) ?? "")) throw error;
      refusal = error;
      say(`image    no room for ${serverType} in ${location}: ${reasonOf(error)}`);
    }
  }
  throw refusal;
}

const reasonOf = (error: unknown): string => (isVmrigError(error) ? error.summary : String(error));

/** The disk must be made of some image, which is never started. The smallest is copied fastest. */
async function anySystemImage(
  client: Client,
  { architecture, signal }: Pick<NewRescueServer, "architecture" | "signal">,
): Promise<number> {
  const query = { type: "system", architecture, status: "available" };
  const [smallest] = (await listImages(client, { query, signal })).toSorted(
    (one, other) => one.disk_size - other.disk_size,
  );
  if (smallest !== undefined) return smallest.id;
  throw new VmrigError("CLOUD_REFUSED", {
    message: `Hetzner Cloud has no system image for ${architecture}.`,
    hint: "see the images in the cloud's console",
  });
}
