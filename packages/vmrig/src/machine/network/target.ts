import { checkOptions } from "../../errors/check-options.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import type { Destination } from "../../ssh/tunnel.ts";

/** A port (on `localhost` without `host`), or the absolute path of a unix socket. */
export type Target =
  | number
  | { readonly port: number; readonly host?: string | undefined }
  | { readonly path: string };

/** Maximum length of a unix socket's path on Linux, without the final NUL byte. */
const LONGEST_PATH = 107;

/**
 * @param of the function, with its machine: `pc1.forward()`
 * @throws VmrigError `COMMAND_INVALID`
 */
export function toDestination(of: string, target: Target): Destination {
  if (typeof target !== "number") {
    const isPath = typeof target === "object" && target !== null && "path" in target;
    checkOptions(of, target, isPath ? { path: true } : { port: true, host: true });
  }
  if (typeof target !== "number" && "path" in target) return { path: checkPath(target.path) };
  const { port, host = "localhost" } = typeof target === "number" ? { port: target } : target;
  if (checkPort(port) === 0) throw invalid("0 is not a port to connect to.");
  if (host === "") throw invalid("The host to connect to is empty.");
  // IPv6 addresses may have brackets, as in a URL.
  return { host: host.replace(/^\[|\]$/g, ""), port };
}

/** @throws VmrigError `COMMAND_INVALID` */
export function checkPort(port: number): number {
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port;
  throw invalid(`${String(port)} is not a port number.`);
}

/** @throws VmrigError `COMMAND_INVALID` */
export function checkPath(path: string): string {
  if (!path.startsWith("/") || path.includes("\0"))
    throw invalid(`${JSON.stringify(path)} is not an absolute path of a unix socket.`);
  const bytes = Buffer.byteLength(path);
  if (bytes > LONGEST_PATH)
    throw invalid(
      `The path of a unix socket may have at most ${LONGEST_PATH} bytes, but this path has ${bytes}: ${path}`,
    );
  return path;
}

export function inWords(to: Destination): string {
  if ("path" in to) return to.path;
  return `${to.host.includes(":") ? `[${to.host}]` : to.host}:${to.port}`;
}

function invalid(message: string): VmrigError {
  return new VmrigError("COMMAND_INVALID", { message });
}
