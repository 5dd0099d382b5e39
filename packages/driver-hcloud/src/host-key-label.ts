import { createHmac } from "node:crypto";
import { VmrigError, type PublicKey } from "vmrig/driver";
import type { Labels } from "./api/call/label-selector.ts";
import { HOST_KEY } from "./labels.ts";

/** An ed25519 key has 32 bytes, and its OpenSSH blob ends with them (RFC 8709). */
const KEY_BYTES = 32;
const BLOB_START = Buffer.from("0000000b7373682d6564323535313900000020", "hex");

/** The mark has all the room that is left in a label. Labels from before it end with `key`. */
const MARK_DIGITS = 11;
const LABEL = /^ed25519\.(?<point>[\w-]{43})\.(?:key|(?<mark>[\da-f]{11}))$/;

/** Whose host key a label is. */
export interface HostKeyOf {
  readonly machine: string;
  /** Secret of the copy. */
  readonly secret: string;
}

/**
 * Writes a host key as a label: `ed25519.<base64url>.<mark>`. The mark depends on the secret of the
 * copy, so that a label that a person edited is not taken for one of vmrig's.
 */
export function hostKeyLabel(key: PublicKey, of: HostKeyOf): string {
  const blob = Buffer.from(key.split(" ")[1] ?? "", "base64");
  if (!key.startsWith("ssh-ed25519 ") || blob.length !== BLOB_START.length + KEY_BYTES)
    throw new VmrigError("HOST_KEY_MISMATCH", {
      message: "The machine has made a host key that is not an ed25519 key.",
    });
  const point = blob.subarray(-KEY_BYTES).toString("base64url");
  return `ed25519.${point}.${markOf(point, of)}`;
}

/** Returns the pinned host key of a server, or `undefined` before its first boot has ended. */
export function hostKeyIn(labels: Labels): PublicKey | undefined {
  const point = LABEL.exec(labels[HOST_KEY] ?? "")?.groups?.["point"];
  if (point === undefined) return undefined;
  const blob = Buffer.concat([BLOB_START, Buffer.from(point, "base64url")]);
  return `ssh-ed25519 ${blob.toString("base64")}`;
}

/** Whether the label of a host key is certainly not as vmrig has set it. */
export function isHostKeyEdited(labels: Labels, of: HostKeyOf): boolean {
  const text = labels[HOST_KEY];
  if (text === undefined) return false;
  const { point, mark } = LABEL.exec(text)?.groups ?? {};
  return point === undefined || (mark !== undefined && mark !== markOf(point, of));
}

function markOf(point: string, { machine, secret }: HostKeyOf): string {
  const mac = createHmac("sha256", secret).update(`vmrig hcloud: host key of ${machine} ${point}`);
  return mac.digest("hex").slice(0, MARK_DIGITS);
}
