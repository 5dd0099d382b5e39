/**
 * Hints by the `code` of the TLS errors of Node.js: certificate errors as OpenSSL names them,
 * alerts as the peer sent them.
 */
const REMEDIES: readonly (readonly [code: RegExp, hint: string])[] = [
  [
    /SELF_SIGNED|UNABLE_TO_GET_ISSUER|UNABLE_TO_VERIFY_LEAF|CERT_UNTRUSTED/,
    "set `redis.tls.ca` to the authority that signed the server's certificate",
  ],
  [
    /CERT_ALTNAME/,
    "use the host name of the server's certificate in the URL, or set it in `redis.tls.servername`",
  ],
  [
    /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/,
    "renew the server's certificate, or correct the clock of this computer",
  ],
  [
    /ALERT_CERTIFICATE_REQUIRED|ALERT_HANDSHAKE_FAILURE/,
    "the server requires a client certificate: set `redis.tls.cert` and `redis.tls.key`",
  ],
  [
    /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE)/,
    "the server does not trust the certificate in `redis.tls.cert`",
  ],
  // A Redis without TLS reads the handshake as the start of a command, and waits for the rest.
  [
    /ETIMEDOUT/,
    "check that Redis is reachable from here, and that it uses TLS on this port; redis:// is without TLS",
  ],
];

/**
 * Returns a hint for a `rediss://` connection that failed; `undefined` when the error is not about
 * TLS.
 */
export function tlsHint(error: Error): string | undefined {
  const code = "code" in error ? String(error.code) : "";
  return REMEDIES.find(([pattern]) => pattern.test(code))?.[1];
}
