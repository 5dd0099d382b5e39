import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { listenHttp } from "../../http/http-listener.ts";
import { metadataDocuments, type MetadataSource } from "./metadata.ts";

/** Answers the guest of one server. */
export interface MetadataService extends AsyncDisposable {
  /** For QEMU's `guestfwd`: a program for each connection of the guest. */
  readonly command: string;
}

/** Starts the service on a unix socket. `describe` is called for each request. */
export async function startMetadataService(
  socket: string,
  describe: () => MetadataSource,
): Promise<MetadataService> {
  const http = await listenHttp({ path: socket }, async (request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://metadata");
    const text = metadataDocuments(describe()).get(pathname.replace(/(?<=.)\/$/, ""));
    response.writeHead(text === undefined ? 404 : 200, { "Content-Type": "text/plain" });
    response.end(text ?? "not found");
  });
  return {
    command: [process.execPath, forwardProgram(), socket].map(quote).join(" "),
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  };
}

/** The source in tests, and the compiled program otherwise. */
function forwardProgram(): string {
  const extension = extname(fileURLToPath(import.meta.url));
  return fileURLToPath(new URL(`forward${extension}`, import.meta.url));
}

/** For GLib, which splits the command as a shell does. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
