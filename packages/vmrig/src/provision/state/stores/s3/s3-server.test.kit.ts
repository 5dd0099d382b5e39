import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { freePort } from "../../../../ssh/fixtures/free-port.test.kit.ts";
import { waitFor } from "../../../../wait/wait-for.ts";

const BUCKET = "states";
export const CREDENTIALS = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" };

/** Options of a store at this port of the loopback interface. */
export function s3At(port: number) {
  const endpoint = `http://127.0.0.1:${port}`;
  return {
    bucket: BUCKET,
    region: "eu-central-1",
    endpoint,
    pathStyle: true,
    environment: CREDENTIALS,
  };
}

/** The S3 of moto, in memory. The setup makes it serve one request at a time. */
export class S3Server implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.#child = child;
  }

  static async start(): Promise<S3Server> {
    const port = await freePort();
    const child = spawn("vmrig-test-s3", [String(port)], { stdio: "ignore" });
    const failed = once(child, "error").then(([error]) => {
      throw new Error("this test needs vmrig-test-s3 on PATH: run it with `npm test`", {
        cause: error,
      });
    });
    failed.catch(() => {});
    const server = new S3Server(port, child);
    const created = waitFor({
      what: "the test's S3 server",
      timeoutMs: 60_000,
      probe: async () => {
        const url = `http://127.0.0.1:${port}/${BUCKET}`;
        const reply = await fetch(url, { method: "PUT" }).catch((error: unknown) => error);
        return reply instanceof Response && reply.ok
          ? { value: undefined }
          : { seen: String(reply) };
      },
    });
    created.catch(() => {});
    try {
      await Promise.race([created, failed]);
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
}

/** A server in front of S3 that changes what it passes on. */
export class S3Proxy implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async before(
    port: number,
    rule: {
      /** Refuses all requests but GET, as a read-only policy does. */
      readonly readOnly?: boolean;
      /** Removes the conditions, as a server that does not know them ignores them. */
      readonly unconditional?: boolean;
    },
  ): Promise<S3Proxy> {
    const server = createServer((request, response) => {
      const pass = async (): Promise<void> => {
        const chunks: Buffer[] = [];
        for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
        if (rule.readOnly === true && request.method !== "GET") {
          response.writeHead(403).end("<Error><Code>AccessDenied</Code></Error>");
          return;
        }
        const headers = new Headers();
        for (const name of ["authorization", "x-amz-date", "x-amz-content-sha256"])
          headers.set(name, String(request.headers[name]));
        const reply = await fetch(`http://127.0.0.1:${port}${request.url}`, {
          method: request.method ?? "GET",
          headers,
          ...(request.method === "PUT" && { body: Buffer.concat(chunks) }),
        });
        response.writeHead(reply.status, { etag: reply.headers.get("etag") ?? "" });
        response.end(await reply.text());
      };
      pass().catch(() => response.destroy());
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new S3Proxy(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}
