import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls, type ConnectionOptions } from "node:tls";

export function encrypt(
  tunnel: Duplex,
  host: string,
  options: ConnectionOptions | undefined,
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const name = isIP(host) === 0 ? { servername: host } : {};
    const secured = connectTls({
      socket: tunnel,
      host,
      ALPNProtocols: ["http/1.1"],
      ...name,
      ...options,
    });
    // An error of the tunnel destroys the TLS stream.
    tunnel.once("error", (error) => secured.destroy(error));
    secured.once("close", () => tunnel.destroy());
    secured.once("error", reject);
    secured.once("secureConnect", () => resolve(secured));
  });
}
