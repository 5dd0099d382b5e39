import { once } from "node:events";
import { createServer, type AddressInfo, type Server as NetServer, type Socket } from "node:net";
import ssh2 from "ssh2";
import { generateKeyPair, type KeyPair } from "../../../packages/vmrig/src/ssh/keys.ts";

/**
 * What a server says over SSH around its first boot: its host key, and the answers of
 * `vmrig-host-key`. The script itself runs on the machine of first-boot.long.test.ts.
 */
export class BootingServer implements AsyncDisposable {
  /** The host key that new connections get. */
  hostKey: KeyPair;
  readonly next = generateKeyPair();
  /** Command lines in the order in which they came. */
  readonly commands: string[] = [];
  /** Called before a command is done; throws to cut the connection. */
  beforeCommand: (line: string) => void = () => {};
  readonly #net: NetServer;
  readonly #sockets = new Set<Socket>();

  private constructor(hostKey: KeyPair) {
    this.hostKey = hostKey;
    this.#net = createServer((socket) => this.#accept(socket));
  }

  static async start(hostKey: KeyPair): Promise<BootingServer> {
    const server = new BootingServer(hostKey);
    server.#net.listen(0, "127.0.0.1");
    await once(server.#net, "listening");
    return server;
  }

  get port(): number {
    return (this.#net.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((closed) => this.#net.close(closed));
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    const ssh = new ssh2.Server({ hostKeys: [this.hostKey.privateKey] }, (client) => {
      client.on("error", () => {});
      client.on("authentication", (attempt) => {
        if (attempt.method === "publickey") attempt.accept();
        else attempt.reject(["publickey"]);
      });
      client.on("ready", () =>
        client.on("session", (accept) => {
          accept().on("exec", (acceptExec, _, { command }) => {
            this.commands.push(command);
            try {
              this.beforeCommand(command);
            } catch {
              socket.destroy();
              return;
            }
            const channel = acceptExec();
            channel.write(this.#answer(command));
            channel.exit(0);
            channel.end();
          });
        }),
      );
    });
    ssh.injectSocket(socket);
  }

  #answer(line: string): string {
    if (line.includes("vmrig-host-key enter")) this.hostKey = this.next;
    return line.includes("vmrig-host-key make") ? `${this.next.publicKey}\n` : "";
  }
}
