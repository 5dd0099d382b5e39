import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { asVmrigError, type VmrigError } from "../../errors/vmrig-error.ts";
import { EngineLock, parseLockInfo } from "./engine-lock.ts";
import { MAX_STATE_BYTES, tooLarge } from "./size-limit.ts";
import { StateSession, type SessionOptions } from "./state-session.ts";

export interface StateBackendOptions extends SessionOptions {
  /**
   * Called once, when a state that the engine sent was refused for good. Stop the engine: it goes
   * on with every resource that does not depend on the one that it could not save.
   */
  readonly onRefused: (why: VmrigError) => void;
  /** Whether `state push` may replace the state. @defaultValue false */
  readonly allowPush?: boolean;
}

/** Terraform's `http` backend, on the loopback interface, for one copy and one run. */
export interface StateBackend extends AsyncDisposable {
  /** Variables of the engine's environment. They contain the token of this run. */
  readonly environment: Readonly<Record<string, string>>;
  /** Number of the newest version. */
  readonly version: number;
  /** Why the last write failed: the engine only prints the status code. */
  readonly problem: VmrigError | undefined;
}

interface Reply {
  readonly status: number;
  readonly body?: string;
}

interface Body {
  /** Incomplete when the body is larger than a state may be. */
  readonly text: string;
  readonly bytes: number;
  /** In base64, as in `Content-MD5`. */
  readonly md5: string;
}

const USER = "vmrig";

/**
 * Claims a state and serves it until it is disposed.
 *
 * @throws VmrigError `FENCED` when a later run has claimed it; the faults of the store
 */
export async function serveStateBackend(options: StateBackendOptions): Promise<StateBackend> {
  const session = await StateSession.open(options);
  const token = randomBytes(32).toString("base64url");
  const lock = new EngineLock();
  let problem: VmrigError | undefined;
  let refused = false;

  const save = async ({ text, bytes }: Body): Promise<Reply> => {
    if (refused) return { status: 409, body: problem?.summary ?? "" };
    try {
      if (bytes > MAX_STATE_BYTES) throw tooLarge(bytes, options.copy.copy, options.store.shown);
      await session.save(text);
      problem = undefined;
      return { status: 200 };
    } catch (error) {
      problem = asVmrigError(error);
      // Engines repeat a request after 503, and give up after 409.
      if (problem.code.endsWith("_UNREACHABLE")) return { status: 503, body: problem.summary };
      refused = true;
      options.onRefused(problem);
      return { status: 409, body: problem.summary };
    }
  };

  const answer = async (request: IncomingMessage): Promise<Reply> => {
    const body = await readBody(request);
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    if (!isAuthorized(request, token)) return { status: 401 };
    if (pathname !== `/${options.copy.copy}`) return { status: 404 };
    const md5 = request.headers["content-md5"];
    if (body.text !== "" && md5 !== undefined && md5 !== body.md5) return { status: 400 };
    switch (request.method ?? "") {
      case "GET":
        return { status: 200, body: session.text };
      case "LOCK": {
        const info = parseLockInfo(body.text);
        if (info === undefined) return { status: 400 };
        if (info.Operation === "state-push" && options.allowPush !== true)
          return { status: 403, body: "state push is not allowed" };
        return lock.take(info)
          ? { status: 200 }
          : { status: 423, body: JSON.stringify(lock.holder) };
      }
      case "UNLOCK":
        return lock.release(parseLockInfo(body.text)?.ID)
          ? { status: 200 }
          : { status: 409, body: JSON.stringify(lock.holder ?? {}) };
      case "POST":
        if (lock.holder === undefined || searchParams.get("ID") !== lock.holder.ID)
          return { status: 409, body: "this engine does not hold the lock" };
        return await save(body);
      default:
        return { status: 405 };
    }
  };

  const server = createServer((request, response) => {
    answer(request).then(
      ({ status, body = "" }) =>
        response.writeHead(status, { "content-type": "application/json" }).end(body),
      () => response.destroy(),
    );
  });
  // An apply may take hours between two requests on a connection that the engine keeps.
  server.requestTimeout = 0;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${options.copy.copy}`;

  return {
    environment: {
      TF_HTTP_ADDRESS: address,
      TF_HTTP_LOCK_ADDRESS: address,
      TF_HTTP_UNLOCK_ADDRESS: address,
      TF_HTTP_USERNAME: USER,
      TF_HTTP_PASSWORD: token,
      // 1, 2, 4, 8 s: bridges a restart of the store.
      TF_HTTP_RETRY_MAX: "4",
    },
    get version() {
      return session.version;
    },
    get problem() {
      return problem;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      await session.settled();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Reads a body to its end, and keeps no more of it than a state may have. */
async function readBody(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  const md5 = createHash("md5");
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    md5.update(chunk);
    if (bytes <= MAX_STATE_BYTES) chunks.push(chunk);
  }
  return { text: Buffer.concat(chunks).toString("utf8"), bytes, md5: md5.digest("base64") };
}

function isAuthorized(request: IncomingMessage, token: string): boolean {
  const expected = `Basic ${Buffer.from(`${USER}:${token}`).toString("base64")}`;
  const [given, wanted] = [request.headers.authorization ?? "", expected].map((text) =>
    createHash("sha256").update(text).digest(),
  );
  return given !== undefined && wanted !== undefined && timingSafeEqual(given, wanted);
}
