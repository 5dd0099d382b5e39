import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { asVmrigError, isVmrigError, type VmrigError } from "../../errors/vmrig-error.ts";
import { waitFor } from "../../wait/wait-for.ts";
import { EngineLock, parseLockInfo } from "./engine-lock.ts";
import { MAX_STATE_BYTES } from "./size-limit.ts";
import type { StateSession } from "./state-session.ts";

export interface StateBackendOptions {
  /** Has a first version of the state: see `ensureOwner`. */
  readonly session: StateSession;
  /**
   * Called once, when a state that the engine sent was refused for good. Stop the engine: it goes
   * on with every resource that does not depend on the one that it could not save.
   */
  readonly onRefused: (why: VmrigError) => void;
  /**
   * Throws when the lease is lost. Then no engine gets the lock or the state: one that waited for
   * them while this process was paused would begin to change machines.
   *
   * @defaultValue the lease is always held
   */
  readonly assertHeld?: () => void;
  /** Ends the repetition of writes: an engine that was stopped must end soon. */
  readonly signal?: AbortSignal;
  /** How long to repeat a write while the store gives no answer. @defaultValue 30000 */
  readonly outageMs?: number;
}

/** Terraform's `http` backend, on the loopback interface, for one copy and one run. */
export interface StateBackend extends AsyncDisposable {
  /** Variables of the engine's environment. They contain the token of this run. */
  readonly environment: Readonly<Record<string, string>>;
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
const PATH = "/state";

/** Serves a claimed state until it is disposed. Refuses `state push`: it would bypass all checks. */
export async function serveStateBackend(options: StateBackendOptions): Promise<StateBackend> {
  const { session, onRefused, assertHeld = () => {}, signal, outageMs = 30_000 } = options;
  const token = randomBytes(32).toString("base64url");
  const lock = new EngineLock();
  let problem: VmrigError | undefined;
  let refused = false;

  /** Engines wait for a reply as long as it takes, and repeat a refused request only for seconds. */
  const saveThrough = (text: string): Promise<void> =>
    waitFor({
      what: "the state store",
      timeoutMs: signal?.aborted === true ? 0 : outageMs,
      intervalMs: 250,
      ...(signal && !signal.aborted && { signal }),
      probe: async () => {
        try {
          return { value: await session.save(text) };
        } catch (error) {
          problem = asVmrigError(error);
          if (!isOutage(problem)) throw error;
          return { seen: problem.summary };
        }
      },
    }).catch((error: unknown) => {
      const over =
        signal?.aborted === true || (isVmrigError(error) && error.code === "WAIT_TIMEOUT");
      throw over && problem ? problem : error;
    });

  const save = async ({ text, bytes }: Body): Promise<Reply> => {
    if (refused) return { status: 409, body: problem?.summary ?? "" };
    try {
      if (bytes > MAX_STATE_BYTES) throw session.tooLarge(bytes);
      await saveThrough(text);
      problem = undefined;
      return { status: 200 };
    } catch (error) {
      problem = asVmrigError(error);
      if (isOutage(problem)) return { status: 503, body: problem.summary };
      refused = true;
      onRefused(problem);
      return { status: 409, body: problem.summary };
    }
  };

  const answer = async (request: IncomingMessage): Promise<Reply> => {
    const body = await readBody(request);
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    if (!isAuthorized(request, token)) return { status: 401 };
    if (pathname !== PATH) return { status: 404 };
    const md5 = request.headers["content-md5"];
    if (body.text !== "" && md5 !== undefined && md5 !== body.md5) return { status: 400 };
    const method = request.method ?? "";
    // A state is saved without the lease, as long as no other run has claimed it.
    if (["GET", "LOCK"].includes(method)) {
      try {
        assertHeld();
      } catch (error) {
        return { status: 409, body: asVmrigError(error).summary };
      }
    }
    switch (method) {
      case "GET":
        return { status: 200, body: session.text ?? "" };
      case "LOCK": {
        const info = parseLockInfo(body.text);
        if (info === undefined) return { status: 400 };
        if (info.Operation === "state-push") return { status: 403, body: "use `vmrig state push`" };
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
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}${PATH}`;

  return {
    environment: {
      TF_HTTP_ADDRESS: address,
      TF_HTTP_LOCK_ADDRESS: address,
      TF_HTTP_UNLOCK_ADDRESS: address,
      TF_HTTP_USERNAME: USER,
      TF_HTTP_PASSWORD: token,
      // For a lost reply. Outages are bridged here.
      TF_HTTP_RETRY_MAX: "1",
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

function isOutage({ code }: VmrigError): boolean {
  return code.endsWith("_UNREACHABLE");
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
