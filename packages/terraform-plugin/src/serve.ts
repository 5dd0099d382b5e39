import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { fileURLToPath } from "node:url";
import {
  Server,
  ServerCredentials,
  type handleUnaryCall,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
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

/** By the names of the calls in tfplugin6.proto. An error becomes a diagnostic. */
export type Handlers = Readonly<Record<string, (request: Request) => Reply | Promise<Reply>>>;

/** Values of `Diagnostic.Severity`. */
const SEVERITY = { error: 1, warning: 2 } as const;

/**
 * Serves a provider to the Terraform that started this process: go-plugin's handshake on stdout,
 * and protocol 6 over gRPC. Ends with Terraform.
 */
export function serveProvider(handlers: Handlers): void {
  const protocol = fileURLToPath(new URL("../tfplugin6.proto", import.meta.url));
  const definition = loadSync(protocol, { keepCase: true });
  const server = new Server();
  server.addService(
    definition["tfplugin6.Provider"] as ServiceDefinition,
    Object.fromEntries(Object.entries(handlers).map(([name, handle]) => [name, unary(handle)])),
  );
  server.addService(CONTROLLER, {
    Shutdown: unary(() => {
      server.tryShutdown(() => {});
      return {};
    }),
  });
  const pem = newCertificate();
  const credentials = ServerCredentials.createSsl(null, [{ private_key: pem, cert_chain: pem }]);
  server.bindAsync("127.0.0.1:0", credentials, (error, port) => {
    if (error !== null) throw error;
    const der = new X509Certificate(pem).raw.toString("base64").replaceAll("=", "");
    process.stdout.write(`1|6|tcp|127.0.0.1:${port}|grpc|${der}\n`);
  });
  endWithParent(server);
}

function unary(handle: Handlers[string]): handleUnaryCall<Request, object> {
  return ({ request }, reply) => {
    void Promise.resolve(request)
      .then(handle)
      .catch((error: unknown): Reply => ({ diagnostics: [diagnostic(error)] }))
      .then(({ diagnostics = [], ...message }) =>
        reply(null, {
          ...message,
          diagnostics: diagnostics.map((each) => ({ ...each, severity: SEVERITY[each.severity] })),
        }),
      );
  };
}

function diagnostic(error: unknown): Diagnostic {
  const summary = error instanceof Error ? error.message : String(error);
  const detail = error instanceof DiagnosticError ? { detail: error.detail } : {};
  return { severity: "error", summary, ...detail };
}

/** Terraform's own way to end a plugin; without it, it waits for 2 s. */
const CONTROLLER: ServiceDefinition = {
  Shutdown: {
    path: "/plugin.GRPCController/Shutdown",
    requestStream: false,
    responseStream: false,
    requestSerialize: () => Buffer.alloc(0),
    requestDeserialize: () => ({}),
    responseSerialize: () => Buffer.alloc(0),
    responseDeserialize: () => ({}),
  },
};

/** Returns a new key and its certificate: Terraform encrypts the connection. */
function newCertificate(): Buffer {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "-"];
  const name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  return execFileSync("openssl", ["req", "-x509", ...key, ...name, "-days", "2"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
}

/** A Terraform that was killed sends no Shutdown. */
function endWithParent(server: Server): void {
  const terraform = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid !== terraform) server.forceShutdown();
  }, 200);
  watch.unref();
}
