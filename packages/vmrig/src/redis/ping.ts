import { connect } from "node:net";

/**
 * `silent`: somebody listens but does not answer (yet): it loads its data, is overloaded or
 * stopped. Never a reason to start another.
 */
export type Answer = "pong" | "silent" | "dead";

/** Codes of connect(2) on a unix socket that mean: nobody listens. */
const NOBODY = new Set(["ENOENT", "ECONNREFUSED", "ENOTSOCK", "ENOTDIR"]);
const PATIENCE_MS = 1000;

/**
 * Asks the Redis behind a unix socket whether it is there, without the weight of a client. Never
 * throws.
 */
export function ping(socketPath: string): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    let reply = "";
    const answer = (value: Answer) => {
      socket.destroy();
      resolve(value);
    };
    socket.setTimeout(PATIENCE_MS, () => answer("silent"));
    socket.once("connect", () => socket.write("PING\r\n"));
    socket.on("data", (data) => {
      reply += data.toString("latin1");
      if (reply.includes("\r\n")) answer(reply.startsWith("+PONG") ? "pong" : "silent");
    });
    socket.once("error", (error: NodeJS.ErrnoException) =>
      answer(NOBODY.has(error.code ?? "") ? "dead" : "silent"),
    );
    socket.once("end", () => answer("silent"));
  });
}
