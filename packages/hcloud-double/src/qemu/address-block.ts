import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:net";

/** Addresses of the loopback network for one double. */
export interface AddressBlock extends AsyncDisposable {
  /** `127.88.5.0/24` */
  readonly range: string;
}

const SSH_PORT = 22;
const TRIES = 50;

/**
 * Takes 256 addresses in 127/8 whose port 22 is free. The block's first address listens there as
 * long as the block is taken: so no two doubles of a computer have the same block.
 *
 * @throws Error that says what this computer does not allow
 */
export async function takeAddressBlock(
  pick: () => string = randomBlock,
  port = SSH_PORT,
): Promise<AddressBlock> {
  let last: unknown;
  for (let tries = 0; tries < TRIES; tries++) {
    const block = pick();
    const claim = createServer((socket) => socket.destroy());
    try {
      await listen(claim, `${block}.0`, port);
      return {
        range: `${block}.0/24`,
        async [Symbol.asyncDispose]() {
          const closed = once(claim, "close");
          claim.close();
          await closed;
        },
      };
    } catch (error) {
      last = error;
      if (codeOf(error) !== "EADDRINUSE") break;
    }
  }
  throw new Error(explain(codeOf(last), port), { cause: last });
}

/** Not 127.0 and 127.1, which other programs use. */
function randomBlock(): string {
  return `127.${randomInt(2, 255)}.${randomInt(0, 256)}`;
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen({ host, port });
  await once(server, "listening");
  // A double that is not used any more does not keep its process.
  server.unref();
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function explain(code: unknown, port: number): string {
  const what = `Servers of the double need port ${port} on addresses of their own in 127/8`;
  if (code === "EACCES")
    return `${what}, which only root may use: run as root, or set net.ipv4.ip_unprivileged_port_start=${port}.`;
  if (code === "EADDRINUSE")
    return `${what}, but a program of this computer listens on port ${port} of all addresses: let it listen on its own address only.`;
  if (code === "EADDRNOTAVAIL") return `${what}, which this computer has not: only Linux does.`;
  return `${what}: ${String(code)}.`;
}
