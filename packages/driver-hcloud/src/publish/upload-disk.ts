import { randomBytes } from "node:crypto";
import { generateKeyPair, isVmrigError, VmrigError } from "vmrig/driver";
import { awaitActions } from "../api/action/await-actions.ts";
import { createSnapshot, type Image } from "../api/images.ts";
import { subject } from "../api/resource/kind.ts";
import { powerOff } from "../api/server-actions.ts";
import { SERVERS, type Server } from "../api/servers.ts";
import { awaitImage, findOrAwaitImage, SNAPSHOT_MS } from "./await-image.ts";
import type { DiskContent } from "./disk-content.ts";
import { removeTemporary } from "./leftovers.ts";
import { findOffers } from "./offers.ts";
import type { Publish, RescueAccess } from "./publish.ts";
import { imageLabels } from "./image-snapshots.ts";
import { logInToRescue } from "./rescue-login.ts";
import { startRescueServer } from "./rescue-server.ts";
import { temporaryLabels } from "./temporary.ts";
import { writeDisk } from "./write-disk.ts";

const HETZNER: RescueAccess = {
  login: (host) => ({ host, port: 22, user: "root" }),
  device: "/dev/sda",
};
const POWER_MS = 300_000;

/** Makes a snapshot of a temporary server that has the image on its disk. */
export async function uploadDisk(publish: Publish, content: DiskContent): Promise<Image> {
  const { client, say } = publish;
  const name = `vmrig-publish-${randomBytes(4).toString("hex")}`;
  try {
    const server = await writeToServer(publish, { name, content });
    return await createImage(publish, server);
  } finally {
    // An error here must not hide that of a step.
    await removeTemporary(client, name).catch((error: unknown) => {
      const reason = isVmrigError(error) ? error.summary : String(error);
      say(`image    the temporary server ${name} is not removed: ${reason}`);
      say("image    the next publish removes it; until then it is billed");
    });
  }
}

/** Returns a server that is off and has the image on its disk. */
async function writeToServer(
  publish: Publish,
  { name, content }: { readonly name: string; readonly content: DiskContent },
): Promise<Server> {
  const { client, architecture, location, serverType, say, signal } = publish;
  const { login, device } = publish.rescue ?? HETZNER;
  const keys = generateKeyPair();
  const diskBytes = content.size;
  const server = await startRescueServer(client, {
    name,
    labels: await temporaryLabels(client),
    publicKey: keys.publicKey,
    architecture,
    offers: await findOffers(client, { architecture, diskBytes, location, serverType, signal }),
    say,
    signal,
  });
  const who = subject(SERVERS, server);
  const ipv4 = server.public_net.ipv4?.ip;
  if (ipv4 === undefined)
    throw new VmrigError("CLOUD_ACTION_FAILED", {
      message: `Hetzner Cloud gave ${who} no IPv4 address.`,
    });
  const target = { ...login(ipv4), privateKey: keys.privateKey };
  const connection = await logInToRescue({ name, target, signal });
  try {
    await writeDisk(connection, { content, device, say, signal });
  } finally {
    connection.hangUp();
  }
  const actions = await powerOff(client, { of: server, signal });
  await awaitActions(client, { actions, task: `switch off ${who}`, timeoutMs: POWER_MS, signal });
  return server;
}

/** Creates the snapshot, unless another publish of the same image was faster. */
async function createImage(publish: Publish, server: Server): Promise<Image> {
  const { client, image, say, signal } = publish;
  const other = await findOrAwaitImage(publish);
  if (other !== undefined) return other;
  say("image    creating a snapshot of it");
  const { resource, actions } = await createSnapshot(client, {
    of: server,
    description: `vmrig: ${image.name}`,
    labels: imageLabels(image),
    signal,
  });
  const task = `create a snapshot of ${subject(SERVERS, server)}`;
  await awaitActions(client, { actions, task, timeoutMs: SNAPSHOT_MS, signal });
  const ready = await awaitImage(publish, resource.id);
  if (ready !== undefined) return ready;
  throw new VmrigError("CLOUD_ACTION_FAILED", {
    message: `The snapshot ${resource.id} disappeared while it was created.`,
    hint: "publish it again",
  });
}
