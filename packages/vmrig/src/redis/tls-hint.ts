/**
 * By the `code` of Node.js' TLS errors: those of certificates as OpenSSL names them, those of
 * alerts as the other side sent them.
 */
const REMEDIES: readonly (readonly [code: RegExp, hint: string])[] = [
  [
    /SELF_SIGNED|UNABLE_TO_GET_ISSUER|UNABLE_TO_VERIFY_LEAF|CERT_UNTRUSTED/,
    "name the authority that signed the server's certificate in `redis.tls.ca`",
  ],
  [
    /CERT_ALTNAME/,
    "use the host name that the server's certificate has, or say it in `redis.tls.servername`",
  ],
  [
    /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/,
    "renew the server's certificate, or set the clock of this computer right",
  ],
  [
    /ALERT_CERTIFICATE_REQUIRED|ALERT_HANDSHAKE_FAILURE/,
    "the server asks who we are: name `redis.tls.cert` and `redis.tls.key`",
  ],
  [
    /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE)/,
    "the server does not trust the certificate in `redis.tls.cert`",
  ],
  // A Redis without TLS takes the handshake for the beginning of a command, and waits for the rest.
  [
    /ETIMEDOUT/,
    "check that Redis is reachable from here, and that it speaks TLS at this port; redis:// is without",
  ],
];

/**
 * What to do about a `rediss://` connection that did not come about; `undefined` when it was
 * nothing of TLS.
 */
export function tlsHint(error: Error): string | undefined {
  const code = "code" in error ? String(error.code) : "";
  return REMEDIES.find(([pattern]) => pattern.test(code))?.[1];
}
