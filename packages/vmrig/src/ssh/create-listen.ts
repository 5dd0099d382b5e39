import { ConnectionLostError } from "./connection-lost.ts";
import type { Session } from "./session.ts";
import { ANSWER_MS } from "./reply-deadlines.ts";
import { toStream } from "./stream.ts";
import { type AcceptStream, type Listen, ListenRefusedError } from "./listen.ts";

/**
 * For `localhost`, sshd listens on 127.0.0.1 or ::1, whichever is free, and reports success when
 * another process occupies one of them.
 */
const HOST = "127.0.0.1";

/**
 * Creates the listener of a connection: `tcpip-forward` (RFC 4254, 7.1) and
 * `streamlocal-forward@openssh.com` (OpenSSH, PROTOCOL, 2.4).
 */
export function createListen({
  client,
  name,
  closed,
  answers,
}: Pick<Session, "client" | "name" | "closed" | "answers">): Listen {
  const meets = new Map<string | number, AcceptStream>();
  const pass = (
    key: string | number,
    accept: () => Parameters<typeof toStream>[0],
    reject: () => void,
  ): void => {
    const meet = meets.get(key);
    if (meet === undefined) reject();
    else meet(toStream(accept(), closed));
  };
  client.on("tcp connection", ({ destPort }, accept, reject) => pass(destPort, accept, reject));
  client.on("unix connection", ({ socketPath }, accept, reject) =>
    pass(socketPath, accept, reject),
  );

  const ask = <Answer>(
    request: (done: (error: Error | undefined, answer: Answer) => void) => void,
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const answered = answers.expect(() =>
        reject(new ListenRefusedError(`no reply within ${ANSWER_MS / 1000} s`)),
      );
      const fail = (error: Error): void => {
        answered();
        const refused = error.message.startsWith("Unable to ");
        const message = `The SSH connection to ${name} ended before the machine listened.`;
        reject(
          refused
            ? new ListenRefusedError(error.message)
            : new ConnectionLostError(false, { message, cause: error }),
        );
      };
      try {
        request((error, answer) => {
          if (error !== undefined) return fail(error);
          answered();
          resolve(answer);
        });
      } catch (error) {
        fail(error as Error);
      }
    });

  return async (place, meet) => {
    const key = await ask<string | number>((done) => {
      // Registered before the first connection can arrive.
      const listening = (error: Error | undefined, at: string | number): void => {
        if (error === undefined) meets.set(at, meet);
        done(error, at);
      };
      if ("path" in place)
        client.openssh_forwardInStreamLocal(place.path, (error) =>
          listening(error ?? undefined, place.path),
        );
      else client.forwardIn(HOST, place.port, (error, port) => listening(error, port));
    });
    return {
      port: typeof key === "number" ? key : undefined,
      async close() {
        if (!meets.delete(key) || closed.aborted) return;
        // A machine whose connection is lost does not listen any more either.
        await ask<void>((done) => {
          const ended = (error?: Error | null): void => done(error ?? undefined);
          if (typeof key === "number") client.unforwardIn(HOST, key, ended);
          else client.openssh_unforwardInStreamLocal(key, ended);
        }).catch(() => {});
      },
    };
  };
}
