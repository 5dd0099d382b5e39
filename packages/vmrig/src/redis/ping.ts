import { connect } from "node:net";

/**
 * `silent`: a process listens but does not answer (yet): it loads its data, is overloaded or
 * stopped. Never a reason to start another server.
 */
export type Answer = "pong" | "silent" | "dead";

/** Error codes of connect(2) on a unix socket that mean: no process listens. */
const NOT_LISTENING = new Set(["ENOENT", "ECONNREFUSED", "ENOTSOCK", "ENOTDIR"]);
const TIMEOUT_MS = 1000;

/** Checks whether a Redis answers on a unix socket, without loading a client. Never throws. */
export function ping(socketPath: string): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    let reply = "";
    const answer = (value: Answer) => {
      socket.destroy();
      resolve(value);
    };
    socket.setTimeout(TIMEOUT_MS, () => answer("silent"));
    socket.once("connect", () => socket.write("PING\r\n"));
    socket.on("data", (data) => {
      reply += data.toString("latin1");
      if (reply.includes("\r\n")) answer(reply.startsWith("+PONG") ? "pong" : "silent");
    });
    socket.once("error", (error: NodeJS.ErrnoException) =>
      answer(NOT_LISTENING.has(error.code ?? "") ? "dead" : "silent"),
    );
    socket.once("end", () => answer("silent"));
  });
}
