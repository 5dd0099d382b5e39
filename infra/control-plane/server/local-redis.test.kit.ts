import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { Redis } from "ioredis";
import { onTestFinished } from "vitest";
import type { RedisAddress } from "../../../packages/vmrig/src/redis/address.ts";
import { findRedisServer } from "../../../packages/vmrig/src/redis/redis-binary.ts";
import { freePort } from "../../../packages/vmrig/src/ssh/fixtures/free-port.test.kit.ts";
import { waitFor } from "../../../packages/vmrig/src/wait/wait-for.ts";
import { ROOTFS } from "./user-data.ts";

const HOST = "127.0.0.1";

/** Files of the server in a folder of the test, and Redis as the server would start it. */
export class LocalRedis implements AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  #child: ChildProcess | undefined;
  readonly #clients: Redis[] = [];

  private constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
  }

  /** Starts one that ends with the test. */
  static async forTest(): Promise<LocalRedis> {
    const server = await LocalRedis.start();
    onTestFinished(() => server[Symbol.asyncDispose]());
    return server;
  }

  /** Makes the secrets and starts Redis. */
  static async start(): Promise<LocalRedis> {
    const folder = await mkdtemp(join(tmpdir(), "vmrig-test-"));
    const server = new LocalRedis(folder, await freePort());
    await mkdir(join(server.folder, "secrets"));
    await mkdir(join(server.folder, "data"));
    await server.makeSecrets();
    // Reads the log of denied commands. The server itself has no such user.
    await appendFile(server.path("served/users.acl"), "user test on nopass ~* &* +@all\n");
    await server.#writeConfig();
    await server.restart();
    return server;
  }

  path(file: string): string {
    return join(this.folder, file);
  }

  /** Runs the script of the server. Returns what it prints. */
  async makeSecrets(address = HOST): Promise<string> {
    const { folder } = this;
    await writeFile(this.path("settings"), `ADDRESS=${address}\nDEVICE=none\nPREFIX=vmrig\n`);
    await mkdir(this.path("served"), { recursive: true });
    const { stdout } = await execa("sh", [`${ROOTFS}/usr/local/sbin/vmrig-redis-secrets`], {
      env: {
        SETTINGS: join(folder, "settings"),
        SECRETS: join(folder, "secrets"),
        SERVED: join(folder, "served"),
        GROUP: String(process.getgid?.()),
      },
    });
    return stdout;
  }

  /** The config of the server: other paths and another port, and no systemd to tell. */
  async #writeConfig(): Promise<void> {
    const config = await readFile(`${ROOTFS}/etc/vmrig-redis/redis.conf`, "utf8");
    const local = config
      .replaceAll("/etc/vmrig-redis", this.path("served"))
      .replaceAll("/var/lib/vmrig-redis", this.folder)
      .replace(/^tls-port .*$/m, `tls-port ${this.port}`)
      .replace(/^supervised .*$/m, "supervised no");
    await writeFile(this.path("redis.conf"), local);
  }

  async restart(): Promise<void> {
    await this.#end();
    this.#child = spawn(findRedisServer(), [this.path("redis.conf")], { stdio: "ignore" });
    await waitFor({
      what: "Redis of the test",
      timeoutMs: 10_000,
      intervalMs: 20,
      probe: async () => ((await this.#listens()) ? { value: undefined } : { seen: "no listener" }),
    });
  }

  async address(): Promise<RedisAddress> {
    const password = (await readFile(this.path("secrets/password"), "utf8")).trim();
    const url = `rediss://vmrig:${password}@${HOST}:${this.port}`;
    return { url, tls: { ca: await this.ca() } };
  }

  ca(): Promise<string> {
    return readFile(this.path("served/tls/ca.pem"), "utf8");
  }

  /** A connection that tries once. */
  async client(username: string, password = ""): Promise<Redis> {
    const redis = new Redis({
      host: HOST,
      port: this.port,
      username,
      password,
      tls: { ca: await this.ca() },
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
      enableReadyCheck: false,
      disableClientInfo: true,
      lazyConnect: true,
    });
    redis.on("error", () => {});
    this.#clients.push(redis);
    return redis;
  }

  /** Returns the commands, keys and channels that were denied. */
  async denials(): Promise<string[]> {
    const log = (await (await this.client("test", "x")).call("ACL", "LOG")) as string[][];
    return log.map((entry) => `${entry[3]}: ${entry[7]}`);
  }

  #listens(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, HOST, () => resolve(true));
      socket.once("error", () => resolve(false));
      socket.once("close", () => socket.destroy());
      socket.once("connect", () => socket.end());
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.disconnect();
    await this.#end();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #end(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  }
}
