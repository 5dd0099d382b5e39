import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ResolvedRig } from "../../config/schema.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import type { TlsIdentity } from "../../redis/address.ts";

type TlsFiles = NonNullable<NonNullable<ResolvedRig["redis"]>["tls"]>;

/**
 * Reads the files of `redis.tls` and checks their kind: TLS itself ignores a file that is no
 * certificate authority, and its errors for the others are vague.
 *
 * @throws VmrigError `CONFIG_INVALID` with the key of the config and the path, never with the
 *   content of the file
 */
export function readTlsFiles({ ca, cert, key, servername }: TlsFiles): TlsIdentity {
  const identity = {
    ...(ca && { ca: readPem("ca", ca) }),
    ...(cert && { cert: readPem("cert", cert) }),
    ...(key && { key: readPem("key", key) }),
    ...(servername && { servername }),
  };
  if (identity.cert !== undefined && identity.key !== undefined) {
    const fits = new X509Certificate(identity.cert).checkPrivateKey(createPrivateKey(identity.key));
    if (!fits) throw invalid(`redis.tls.key does not belong to redis.tls.cert: ${key}`);
  }
  return identity;
}

const parseCertificate = (pem: string): unknown => new X509Certificate(pem);
const PARSE = { ca: parseCertificate, cert: parseCertificate, key: createPrivateKey };

function readPem(name: keyof typeof PARSE, path: string): string {
  let pem: string;
  try {
    pem = readFileSync(path, "utf8");
  } catch (error) {
    throw invalid(
      `redis.tls.${name} cannot be read: ${path} (${(error as NodeJS.ErrnoException).code})`,
    );
  }
  try {
    PARSE[name](pem);
  } catch {
    throw invalid(
      `redis.tls.${name} is not ${name === "key" ? "a private key without a passphrase" : "a certificate"} in PEM: ${path}`,
    );
  }
  return pem;
}

function invalid(message: string): VmrigError {
  return new VmrigError("CONFIG_INVALID", {
    message,
    hint: "relative paths are resolved from the config's folder",
  });
}
