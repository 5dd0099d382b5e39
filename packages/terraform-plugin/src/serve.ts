import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import type { AddressInfo } from "node:net";
import { createGrpcServer, type Answer } from "./grpc.ts";
import { CALLS } from "./messages.ts";
import { decodeMessage, encodeMessage } from "./protobuf.ts";
import type { DynamicValue } from "./values.ts";

/** The fields of all requests. */
export type Request = Readonly<Record<string, DynamicValue | undefined>> & {
  readonly type_name: string;
  readonly id: string;
};

/** Terraform prints it with the address of the resource. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  readonly summary: string;
  readonly detail?: string;
}

/** An error with a summary and details. */
export class DiagnosticError extends Error {
  readonly detail: string;

  constructor(summary: string, detail: string) {
    super(summary);
    this.detail = detail;
  }
}

/** A reply in the words of tfplugin6.proto. */
type Reply = object & { readonly diagnostics?: readonly Diagnostic[] };

type Handler = (request: Request) => Reply | Promise<Reply>;

/** By the names of the calls in tfplugin6.proto. An error becomes a diagnostic. */
export type Handlers = Readonly<Record<string, Handler>>;

/** Values of `Diagnostic.Severity`. */
const SEVERITY = { error: 1, warning: 2 } as const;

/** Terraform's own way to end a plugin; without it, it waits for 2 s. */
const SHUTDOWN = "/plugin.GRPCController/Shutdown";

/**
 * Serves a provider to the Terraform that started this process: go-plugin's handshake on stdout,
 * and protocol 6 over gRPC. Ends with Terraform.
 */
export function serveProvider(handlers: Handlers): void {
  const pem = newCertificate();
  const server = createGrpcServer(pem, async (path, message) => {
    if (path !== SHUTDOWN) return await answer(handlers, path, message);
    setImmediate(() => process.exit());
    return Buffer.alloc(0);
  });
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo;
    const der = new X509Certificate(pem).raw.toString("base64").replaceAll("=", "");
    process.stdout.write(`1|6|tcp|127.0.0.1:${port}|grpc|${der}\n`);
  });
  endWithParent();
}

async function answer(
  handlers: Handlers,
  ...[path, message]: Parameters<Answer>
): ReturnType<Answer> {
  const [, name = ""] = /^\/tfplugin6\.Provider\/(\w+)$/.exec(path) ?? [];
  const [call, handle] = [CALLS[name], handlers[name]];
  if (call === undefined || handle === undefined) return undefined;
  const request = decodeMessage(call.request, message) as Request;
  const { diagnostics = [], ...reply } = await replyTo(handle, request);
  return encodeMessage(call.response, {
    ...reply,
    diagnostics: diagnostics.map((each) => ({ ...each, severity: SEVERITY[each.severity] })),
  });
}

async function replyTo(handle: Handler, request: Request): Promise<Reply> {
  try {
    return await handle(request);
  } catch (error) {
    return { diagnostics: [diagnostic(error)] };
  }
}

function diagnostic(error: unknown): Diagnostic {
  const summary = error instanceof Error ? error.message : String(error);
  const detail = error instanceof DiagnosticError ? { detail: error.detail } : {};
  return { severity: "error", summary, ...detail };
}

/** Returns a new key and its certificate: Terraform encrypts the connection. */
function newCertificate(): Buffer {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "-"];
  const name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  return execFileSync("openssl", ["req", "-x509", ...key, ...name, "-days", "2"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
}

/** A Terraform that was killed sends no Shutdown. */
function endWithParent(): void {
  const terraform = process.ppid;
  setInterval(() => {
    if (process.ppid !== terraform) process.exit();
  }, 200);
}
