import type { Socket } from "node:net";
import { fromErrorJson } from "../errors/error-json.ts";
import { isVmrigError, type VmrigError } from "../errors/vmrig-error.ts";
import { sendJson } from "./json-lines.ts";
import type { GateRequest, Reply } from "./messages.ts";

/** Requests that were sent to the gate and wait for their replies. */
export interface PendingRequests {
  /**
   * Sends a request. Resolves with the result of its reply.
   *
   * @throws VmrigError the error of the reply, or the reason of {@link PendingRequests.end}
   */
  readonly send: (request: GateRequest) => Promise<unknown>;
  /** Settles the request that a reply belongs to. */
  settle(reply: Reply): void;
  /** Fails all pending and later requests. */
  end(reason: VmrigError): void;
}

/** The socket keeps its process alive only while a request is pending. */
export function createPendingRequests(socket: Socket): PendingRequests {
  const pending = new Map<number, PromiseWithResolvers<unknown>>();
  let sequence = 0;
  let ended: VmrigError | undefined;
  socket.unref();

  return {
    async send(request) {
      if (ended !== undefined) throw withStackOfCaller(ended);
      const id = ++sequence;
      const waiting = Promise.withResolvers<unknown>();
      pending.set(id, waiting);
      socket.ref();
      sendJson(socket, { id, ...request });
      try {
        return await waiting.promise;
      } catch (error) {
        throw withStackOfCaller(error);
      }
    },
    settle(reply) {
      const waiting = pending.get(reply.id);
      pending.delete(reply.id);
      if (pending.size === 0) socket.unref();
      if ("error" in reply) waiting?.reject(fromErrorJson(reply.error));
      else waiting?.resolve(reply.ok);
    },
    end(reason) {
      ended = reason;
      for (const waiting of pending.values()) waiting.reject(reason);
      pending.clear();
    },
  };
}

/**
 * Gives an error that came from the gate a stack of this process, so that a reporter can point at
 * the caller.
 */
function withStackOfCaller(error: unknown): unknown {
  if (isVmrigError(error) && error instanceof Error)
    Error.captureStackTrace(error, withStackOfCaller);
  return error;
}
