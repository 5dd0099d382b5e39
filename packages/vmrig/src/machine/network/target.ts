import { kindOf } from "../../errors/check-options.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import type { Destination } from "../../ssh/tunnel.ts";

/** A port (on `localhost` without `host`), or the absolute path of a unix socket. */
export type Target =
  | number
  | { readonly port: number; readonly host?: string | undefined }
  | { readonly path: string };

/**
 * Parts of a target. It is a value, not options: it may have other fields, as `server.address()`
 * and a tunnel have.
 */
interface Parts {
  readonly path?: unknown;
  readonly port?: unknown;
  readonly host?: unknown;
}

/** Maximum length of a unix socket's path on Linux, without the final NUL byte. */
const LONGEST_PATH = 107;

/**
 * @param of the function, with its machine: `pc1.forward()`
 * @throws VmrigError `COMMAND_INVALID`
 */
export function toDestination(of: string, target: Target): Destination {
  const parts: unknown = typeof target === "number" ? { port: target } : target;
  if (typeof parts !== "object" || parts === null)
    throw invalid(
      `The target of ${of} must be a port, { port, host } or { path }, not ${kindOf(parts)}.`,
    );
  const { path, port, host = "localhost" }: Parts = parts;
  // As in `net.connect()` of Node.js, a path comes before a port.
  if (path !== undefined) return { path: checkPath(path) };
  if (port === undefined) throw invalid(`The target of ${of} has neither a port nor a path.`);
  const number = checkPort(port);
  if (number === 0) throw invalid("0 is not a port to connect to.");
  if (typeof host !== "string")
    throw invalid(`The host of the target of ${of} must be a string, not ${kindOf(host)}.`);
  if (host === "") throw invalid("The host to connect to is empty.");
  // IPv6 addresses may have brackets, as in a URL.
  return { host: host.replace(/^\[|\]$/g, ""), port: number };
}

/** @throws VmrigError `COMMAND_INVALID` */
export function checkPort(port: unknown): number {
  if (typeof port === "number" && Number.isInteger(port) && port >= 0 && port < 65_536) return port;
  const shown = typeof port === "number" ? String(port) : (JSON.stringify(port) ?? kindOf(port));
  throw invalid(`${shown} is not a port number.`);
}

/** @throws VmrigError `COMMAND_INVALID` */
export function checkPath(path: unknown): string {
  if (typeof path !== "string" || !path.startsWith("/") || path.includes("\0"))
    throw invalid(
      `${JSON.stringify(path) ?? kindOf(path)} is not an absolute path of a unix socket.`,
    );
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
