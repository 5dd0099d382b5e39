import type { Socket } from "node:net";
import { fromErrorJson, toErrorJson, type ErrorJson } from "../errors/error-json.ts";
import { asVmrigError, type VmrigError } from "../errors/vmrig-error.ts";
import { onJsonLine, sendJson } from "../protocol/json-lines.ts";
import { requestMessage, type GateMessage, type GateRequest } from "../protocol/messages.ts";
import { createClientClaims, type ClientClaims } from "./client-claims.ts";
import type { Gate } from "./gate.ts";

/** Completes an error for the people who see it. */
export type PresentError = (error: VmrigError) => VmrigError;

/** Serves one client until its connection ends. */
export function serveClient(socket: Socket, gate: Promise<Gate>, present: PresentError): void {
  const toJson = (error: unknown): ErrorJson => toErrorJson(present(asVmrigError(error)));
  const send = (message: GateMessage): void => sendJson(socket, message);
  const client = gate.then((opened) => openClient(opened, send, toJson));
  // Each reply carries the reason.
  client.catch(() => {});

  onJsonLine(socket, (value) => {
    const { id, ...request } = requestMessage.parse(value);
    client
      .then(({ handle }) => handle(request))
      .then(
        (ok) => send({ id, ok: ok ?? null }),
        (error: unknown) => send({ id, error: toJson(error) }),
      );
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    client.then(
      ({ leave }) => leave(),
      () => {},
    );
  });
}

/** Sends a client the notices of the gate, and handles its requests. */
function openClient(
  gate: Gate,
  send: (message: GateMessage) => void,
  toJson: (error: unknown) => ErrorJson,
): {
  readonly handle: (request: GateRequest) => unknown;
  readonly leave: () => void;
} {
  const claims = createClientClaims(gate, (claim, reason) =>
    send({ notice: "lost", claim, error: toJson(reason) }),
  );
  const stopRunEnd = gate.onOver((reason) => send({ notice: "over", error: toJson(reason) }));
  const stopPauses = gate.onPause({
    paused: (pause) => send({ notice: "paused", pause }),
    resumed: (claim) => send({ notice: "resumed", claim }),
  });
  return {
    handle: (request) => handleRequest(request, gate, claims),
    leave() {
      stopRunEnd();
      stopPauses();
      claims.end();
    },
  };
}

async function handleRequest(
  request: GateRequest,
  gate: Gate,
  claims: ClientClaims,
): Promise<unknown> {
  switch (request.do) {
    case "hello":
      return gate.welcome;
    case "claim":
      return claims.claim(request.rollback);
    case "rollback":
      return claims.watch(await gate.rollBack(request.claim));
    case "recover": {
      const unhealthy = request.unhealthy.map(({ machine, error }) => ({
        machine,
        error: fromErrorJson(error),
      }));
      return claims.watch(await gate.recover(request.claim, unhealthy));
    }
    case "console":
      return gate.console(request.claim, request.machine);
    case "control":
      return gate.control(request.claim, request.command);
    case "release":
      return claims.release(request.claim, request.failed);
    case "pause":
      return gate.pause(request.claim, request.failure);
    case "resume":
      return gate.resume(request.claim);
    case "begin":
      return gate.begin();
    case "expect":
      return gate.expect(request.claims);
  }
}
