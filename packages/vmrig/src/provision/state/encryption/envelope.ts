import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { z } from "zod";
import type { CopyName } from "../../../lease/keys.ts";
import type { StateKey } from "./state-keys.ts";

const ENVELOPE = z.strictObject({
  vmrig_encrypted: z.literal("aes-256-gcm"),
  key: z.string(),
  nonce: z.base64(),
  tag: z.base64(),
  data: z.base64(),
});

export type Envelope = z.infer<typeof ENVELOPE>;

/** What a text belongs to. Encrypted texts cannot be exchanged between versions and copies. */
export interface Binding {
  readonly copy: CopyName;
  readonly version: number;
}

/** Encrypts a state with AES-256-GCM. */
export function seal(text: string, { id, key }: StateKey, binding: Binding): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(encodeBinding(binding));
  const data = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return JSON.stringify({
    vmrig_encrypted: "aes-256-gcm",
    key: id,
    nonce: nonce.toString("base64"),
    tag: cipher.getAuthTag().toString("base64"),
    data: data.toString("base64"),
  } satisfies Envelope);
}

/** @returns `undefined` when the text is not encrypted by vmrig */
export function parseEnvelope(text: string): Envelope | undefined {
  if (!text.startsWith('{"vmrig_encrypted":')) return undefined;
  return ENVELOPE.parse(JSON.parse(text));
}

/** @throws when the text was changed, or belongs to another version or copy */
export function unseal(
  { nonce, tag, data }: Envelope,
  { key }: StateKey,
  binding: Binding,
): string {
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64"), {
    authTagLength: 16,
  })
    .setAAD(encodeBinding(binding))
    .setAuthTag(Buffer.from(tag, "base64"));
  const text = Buffer.concat([decipher.update(Buffer.from(data, "base64")), decipher.final()]);
  return text.toString("utf8");
}

function encodeBinding({ copy, version }: Binding): Buffer {
  return Buffer.from(JSON.stringify([copy.rig, copy.copy, version]));
}
