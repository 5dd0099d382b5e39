import { chmod } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { fromErrorJson, toErrorJson } from "../errors/error-json.ts";
import { asVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import type { Gate } from "./gate.ts";
import { onJsonLine, sendJson } from "../protocol/json-lines.ts";
import { request, type Answer, type Grant, type Request } from "../protocol/messages.ts";

export interface GateServer {
  /** Accepts no more clients and ends the connections. The gate itself stays open. */
  close(): Promise<void>;
}

/**
 * Serves a gate over a unix socket that only this user can open. The socket listens before the gate
 * is open, so that an early client waits instead of failing. When the gate cannot be opened, every
 * request is answered with the reason.
 */
export async function serveGate(path: string, gate: Promise<Gate>): Promise<GateServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    serveClient(socket, gate, () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(path, resolve));
  await chmod(path, 0o600);
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/**
 * Serves one worker. Its claims end with its connection, because a dead worker cannot release them.
 */
function serveClient(socket: Socket, gate: Promise<Gate>, gone: () => void): void {
  /** Claims by id. Each one's controller removes the listener for the loss of its lease. */
  const claims = new Map<string, AbortController>();
  const left = new AbortController();
  const say = (message: Answer): void => sendJson(socket, message);

  const claim = async (
    rollback: Extract<Request, { do: "claim" }>["rollback"],
  ): Promise<unknown> => {
    const opened = await gate;
    const granted = await opened.claim(rollback, left.signal);
    if (left.signal.aborted) {
      opened.release(granted.claim);
      throw left.signal.reason;
    }
    return guarded(opened, granted);
  };

  /**
   * Notifies the client when the lease of its claim is lost. Another copy may have replaced the one
   * before.
   */
  const guarded = (opened: Gate, granted: Grant): Grant => {
    const { claim: id } = granted;
    claims.get(id)?.abort();
    const lost = opened.lost(id);
    const over = new AbortController();
    claims.set(id, over);
    const tell = (): void => {
      claims.delete(id);
      say({ notice: "lost", claim: id, error: toErrorJson(asVmrigError(lost.reason)) });
    };
    lost.addEventListener("abort", tell, { once: true, signal: over.signal });
    return granted;
  };

  const release = (opened: Gate, id: string, failed = false): void => {
    claims.get(id)?.abort();
    claims.delete(id);
    opened.release(id, failed);
  };

  const handle = async (message: Request): Promise<unknown> => {
    const opened = await gate;
    switch (message.do) {
      case "hello":
        return opened.welcome;
      case "claim":
        return claim(message.rollback);
      case "rollback":
        return guarded(opened, await opened.rollBack(message.claim));
      case "recover": {
        const unhealthy = message.unhealthy.map(({ machine, error }) => ({
          machine,
          error: fromErrorJson(error),
        }));
        return guarded(opened, await opened.recover(message.claim, unhealthy));
      }
      case "pause":
        return opened.pause(message.claim, message.failure);
      case "resume":
        return opened.resume(message.claim);
      case "console":
        return opened.console(message.claim, message.machine);
      case "control":
        return opened.control(message.claim, message.command);
      case "begin":
        return opened.begin();
      case "expect":
        return opened.expect(message.claims);
      case "release":
        return release(opened, message.claim, message.failed);
    }
  };

  void gate.then(
    (opened) => {
      const stop = opened.onOver((reason) => say({ notice: "over", error: toErrorJson(reason) }));
      left.signal.addEventListener("abort", stop, { once: true });
      const forget = opened.onPause({
        paused: (pause) => say({ notice: "paused", pause }),
        resumed: (claim) => say({ notice: "resumed", claim }),
      });
      left.signal.addEventListener("abort", forget, { once: true });
    },
    () => {},
  );
  onJsonLine(socket, (value) => {
    const message = request.parse(value);
    handle(message).then(
      (ok) => say({ id: message.id, ok: ok ?? null }),
      (error: unknown) => say({ id: message.id, error: toErrorJson(asVmrigError(error)) }),
    );
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    gone();
    left.abort(
      new VmrigError("CANCELLED", { message: "The worker that asked for machines is gone." }),
    );
    void gate.then(
      (opened) => [...claims.keys()].forEach((id) => release(opened, id)),
      () => {},
    );
  });
}
