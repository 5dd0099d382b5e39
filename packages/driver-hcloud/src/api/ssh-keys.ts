import { z } from "zod";
import type { Client } from "./call/client.ts";
import { createNamed, type Created, type NewResource } from "./resource/create.ts";
import { deleteOf } from "./resource/delete.ts";
import type { Cancellable, Kind } from "./resource/kind.ts";
import { labelled } from "./resource/labelled.ts";
import { listOf } from "./resource/read.ts";

const schema = z.object({
  ...labelled,
  name: z.string(),
  /** MD5, as `ssh-keygen -E md5` prints it. */
  fingerprint: z.string(),
  public_key: z.string(),
});

export type SshKey = z.infer<typeof schema>;

const SSH_KEYS: Kind<SshKey> = { many: "ssh_keys", one: "ssh_key", title: "SSH key", schema };

export const listSshKeys = listOf(SSH_KEYS);

/** Creates a key. A project accepts each key only once, under any name. */
export const createSshKey = (
  client: Client,
  { key, signal }: Cancellable & { readonly key: NewResource & { readonly public_key: string } },
): Promise<Created<SshKey>> => createNamed(client, { kind: SSH_KEYS, body: key, signal });

/** Deletes a key. Servers keep what they got at their first boot. */
export const deleteSshKey = deleteOf(SSH_KEYS);
