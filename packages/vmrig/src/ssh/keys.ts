import { createHash, createPrivateKey, randomBytes } from "node:crypto";

export interface KeyPair {
  /** OpenSSH PEM, without a passphrase. */
  readonly privateKey: string;
  /** `ssh-ed25519 AAAA…`, without the comment. */
  readonly publicKey: string;
}

const TYPE = "ssh-ed25519";
/** Block size of the cipher "none"; OpenSSH pads the secret part to it. */
const BLOCK = 8;

/** Of the private key; its ASN.1 is in RFC 8410. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const SEED_BYTES = 32;

/** Creates an ed25519 key pair. Only the private key contains the comment. */
export function generateKeyPair(comment = ""): KeyPair {
  return keyPairOf(randomBytes(SEED_BYTES), comment);
}

/**
 * Returns the ed25519 key pair of a seed of 32 bytes (RFC 8032).
 *
 * Not ssh2's generator: 1.17.0 drops leading zero bytes of the public key, so that neither ssh2 nor
 * OpenSSH can read one pair in 256. The format is described in OpenSSH's PROTOCOL.key.
 */
export function keyPairOf(seed: Uint8Array, comment = ""): KeyPair {
  const key = Buffer.concat([PKCS8_PREFIX, seed]);
  const { x } = createPrivateKey({ key, format: "der", type: "pkcs8" }).export({ format: "jwk" });
  const point = Buffer.from(x ?? "", "base64url");

  const blob = Buffer.concat([field(TYPE), field(point)]);
  const check = randomBytes(4);
  const secret = Buffer.concat([
    check,
    check,
    blob,
    field(Buffer.concat([seed, point])),
    field(comment),
  ]);
  const padding = Uint8Array.from(
    { length: (BLOCK - (secret.length % BLOCK)) % BLOCK },
    (_, index) => index + 1,
  );
  const file = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    field("none"),
    field("none"),
    field(""),
    uint32(1),
    field(blob),
    field(Buffer.concat([secret, padding])),
  ]);
  const lines = file.toString("base64").replace(/.{1,70}/g, "$&\n");
  return {
    privateKey: `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}-----END OPENSSH PRIVATE KEY-----\n`,
    publicKey: `${TYPE} ${blob.toString("base64")}`,
  };
}

/** Returns `SHA256:…` of a public key's blob, as `ssh-keygen -l` prints it. */
export function fingerprint(blob: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/** Encodes the `string` of RFC 4251: a length, then the bytes. */
function field(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
