import { VmrigError, waitFor } from "vmrig/driver";
import { z } from "zod";
import type { Client } from "./call/client.ts";
import { createNamed, type Created, type NewResource } from "./resource/create.ts";
import { deleteOf } from "./resource/delete.ts";
import { subject, type Cancellable, type Kind, type OfResource } from "./resource/kind.ts";
import { labelled, reference } from "./resource/labelled.ts";
import { listOf, readOf } from "./resource/read.ts";
import { updateOf } from "./resource/update.ts";

/** More states may come; vmrig waits for one that it knows. */
const schema = z.object({
  ...labelled,
  name: z.string(),
  /** `initializing`, `off`, `starting`, `running`, `stopping`, `rebuilding`, `deleting`, … */
  status: z.string(),
  locked: z.boolean(),
  rescue_enabled: z.boolean(),
  protection: z.object({ delete: z.boolean(), rebuild: z.boolean() }),
  server_type: reference.extend({ architecture: z.string() }),
  location: reference,
  placement_group: z.object({ id: z.number() }).nullish(),
  image: z.object({ id: z.number(), name: z.string().nullable() }).nullable(),
  public_net: z.object({
    ipv4: z.object({ id: z.number().nullish(), ip: z.string() }).nullable(),
    ipv6: z.object({ id: z.number().nullish(), ip: z.string() }).nullable(),
  }),
  private_net: z.array(z.object({ network: z.number(), ip: z.string(), mac_address: z.string() })),
  primary_disk_size: z.number(),
});

export type Server = z.infer<typeof schema>;

export const SERVERS: Kind<Server> = { many: "servers", one: "server", title: "server", schema };

export interface NewServer extends NewResource {
  readonly server_type: string;
  /** By id: names of images exist once per architecture. */
  readonly image: number;
  readonly location: string;
  /** At least one: without a key the API makes a root password and sends it in clear. */
  readonly ssh_keys: readonly [number, ...number[]];
  readonly user_data?: string;
  readonly networks?: readonly number[];
  readonly firewalls?: ReadonlyArray<{ readonly firewall: number }>;
  readonly placement_group?: number;
  readonly start_after_create?: boolean;
  readonly public_net?: {
    readonly enable_ipv4: boolean;
    readonly enable_ipv6: boolean;
    readonly ipv4?: number;
    readonly ipv6?: number;
  };
}

const MOST_USER_DATA = 32 * 1024;

export const listServers = listOf(SERVERS);

export const readServer = readOf(SERVERS);

/** Creates a server. It is usable when all returned actions have ended, the first one included. */
export async function createServer(
  client: Client,
  { server, signal }: Cancellable & { readonly server: NewServer },
): Promise<Created<Server>> {
  const bytes = Buffer.byteLength(server.user_data ?? "");
  if (bytes > MOST_USER_DATA)
    throw new VmrigError("CONFIG_INVALID", {
      message: `The user data of the server "${server.name}" has ${bytes} bytes; the cloud accepts ${MOST_USER_DATA}.`,
      hint: "move files from the first boot into the image or into the prepare recipe",
    });
  return await createNamed(client, { kind: SERVERS, body: server, signal });
}

/** Changes the name or the labels. New labels replace all earlier ones. */
export const updateServer = updateOf(SERVERS);

/**
 * Deletes a server. Its name is free again, and its addresses are unassigned, only when the
 * returned actions have ended.
 */
export const deleteServer = deleteOf(SERVERS);

/**
 * Waits until a server has a status. After `requestShutdown`, the guest decides when and whether it
 * goes off.
 *
 * @throws VmrigError `MACHINE_MISSING` if the server is gone; `CLOUD_ACTION_FAILED` at the deadline
 */
export function waitForServerStatus(
  client: Client,
  {
    of,
    status,
    timeoutMs,
    signal,
  }: OfResource & { readonly status: string; readonly timeoutMs: number },
): Promise<Server> {
  return waitFor({
    what: `the status "${status}"`,
    on: subject(SERVERS, of),
    timeoutMs,
    intervalMs: 2_000,
    clock: client.clock,
    code: "CLOUD_ACTION_FAILED",
    ...(signal === undefined ? {} : { signal }),
    async probe(signal) {
      const server = await readServer(client, { id: of.id, signal });
      if (server === undefined)
        throw new VmrigError("MACHINE_MISSING", {
          message: `Hetzner Cloud has no server ${of.id}${of.name ? ` ("${of.name}")` : ""} any more.`,
          hint: "it was deleted by hand or by another program: the next run names the command that creates it again",
        });
      return server.status === status ? { value: server } : { seen: server.status };
    },
  });
}
