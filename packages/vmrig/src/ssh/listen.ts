import type { Duplex } from "node:stream";
import { ConnectionLostError } from "./connection-lost.ts";
import { ANSWER_MS, type Session } from "./session.ts";
import { toStream } from "./stream.ts";

/**
 * Where a machine listens for us: a port of its loopback (0: one that it chooses), or a unix
 * socket.
 */
export type ListenAddress = { readonly port: number } | { readonly path: string };

export interface RemoteListener {
  /** Missing where it is a unix socket. */
  readonly port: number | undefined;
  /** Has the machine listen no more. What it has accepted goes on. */
  close(): Promise<void>;
}

/** Gets each connection that the machine has accepted. */
export type AcceptStream = (stream: Duplex) => void;

/** Has the machine listen. @throws ListenRefusedError, ConnectionLostError */
export type Listen = (place: ListenAddress, meet: AcceptStream) => Promise<RemoteListener>;

/** The machine does not listen there. SSH has no words for why. */
export class ListenRefusedError extends Error {
  override name = "ListenRefusedError";
}

/**
 * Of `localhost` sshd listens on 127.0.0.1 or on ::1 where it can, and passes for listening when
 * somebody else has one of them.
 */
const HOST = "127.0.0.1";

/**
 * `tcpip-forward` (RFC 4254, 7.1) and `streamlocal-forward@openssh.com` (OpenSSH, PROTOCOL, 2.4).
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
        reject(new ListenRefusedError(`no answer within ${ANSWER_MS / 1000} s`)),
      );
      const fail = (error: Error): void => {
        answered();
        const refused = error.message.startsWith("Unable to ");
        const message = `The SSH connection to ${name} ended before it listened.`;
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
      // Known before the first connection can come.
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
        // A machine that is gone listens no more either.
        await ask<void>((done) => {
          const ended = (error?: Error | null): void => done(error ?? undefined);
          if (typeof key === "number") client.unforwardIn(HOST, key, ended);
          else client.openssh_unforwardInStreamLocal(key, ended);
        }).catch(() => {});
      },
    };
  };
}
