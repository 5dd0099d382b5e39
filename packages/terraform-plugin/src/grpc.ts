import { createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from "node:http2";
import { buffer } from "node:stream/consumers";

/** Returns the reply's message; `undefined` if there is no such call. */
export type Answer = (path: string, message: Uint8Array) => Promise<Uint8Array | undefined>;

const UNIMPLEMENTED = 12;
/** Each message follows a byte for its compression and four for its length. */
const PREFIX = 5;

/** Answers gRPC calls with one request and one reply. */
export function createGrpcServer(pem: Buffer, answer: Answer): Http2SecureServer {
  const server = createSecureServer({ key: pem, cert: pem });
  server.on("stream", (stream, headers) => {
    respond(stream, headers[":path"] ?? "", answer).catch(() => stream.close());
  });
  return server;
}

async function respond(stream: ServerHttp2Stream, path: string, answer: Answer): Promise<void> {
  const message = await answer(path, (await buffer(stream)).subarray(PREFIX));
  const head = { ":status": 200, "content-type": "application/grpc" };
  if (message === undefined) {
    stream.respond({ ...head, "grpc-status": UNIMPLEMENTED }, { endStream: true });
    return;
  }
  stream.respond(head, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": 0 }));
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt32BE(message.length, 1);
  stream.end(Buffer.concat([prefix, message]));
}
