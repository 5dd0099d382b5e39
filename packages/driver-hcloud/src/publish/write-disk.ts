import { createHash } from "node:crypto";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { VmrigError, type SshConnection } from "vmrig/driver";
import type { DiskContent } from "./disk-content.ts";

export interface WriteOptions {
  readonly content: DiskContent;
  /** `/dev/sda` */
  readonly device: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Bounds a connection that neither breaks nor moves. */
const WRITE_MS = 1_800_000;
/** Text of the rescue system that an error may show. */
const MOST_TEXT = 1_000;

/**
 * Writes the data to the standard input, compressed, to its places on the disk. Everything between
 * them is zero: discarding alone does not promise that, and a file may have a hole's worth of zeros.
 */
const WRITE = `
device=$1 size=$2
if grep -q "^$device" /proc/mounts; then
  echo "$device is in use: the server has not started its rescue system" >&2
  exit 1
fi
blkdiscard --force "$device" 2>/dev/null || true
blkdiscard --force --zeroout --length "$size" "$device"
gzip -dc | while read -r offset length <&3; do
  dd of="$device" bs=1M iflag=fullblock,count_bytes oflag=seek_bytes seek="$offset" count="$length" conv=notrunc status=none
done 3<<END
$3
END
sync
blockdev --flushbufs "$device"`;

/** Reads the same places back from the disk. */
const READ_BACK = `
device=$1
while read -r offset length; do
  dd if="$device" bs=1M iflag=skip_bytes,count_bytes,fullblock skip="$offset" count="$length" status=none
done <<END | sha256sum
$2
END`;

/**
 * Writes an image to the disk of a server that runs its rescue system, and compares what the disk
 * then returns.
 *
 * @throws VmrigError `CLOUD_ACTION_FAILED` if it cannot be written; `IMAGE_MISMATCH`
 */
export async function writeDisk(connection: SshConnection, options: WriteOptions): Promise<void> {
  const { content, device, say, signal } = options;
  const places = content.extents.map(({ offset, length }) => `${offset} ${length}`).join("\n");
  // 1. Write.
  const sent = createHash("sha256");
  const stop = new AbortController();
  const gzip = createGzip({ level: 4 });
  const feeding = pipeline(
    Readable.from(content.read(), { objectMode: false }),
    observe((chunk) => sent.update(chunk), progress(content, say)),
    gzip,
  );
  // What cannot be read never ends the input.
  feeding.catch((error: unknown) => stop.abort(error));
  const writing = AbortSignal.any([signal, stop.signal]);
  try {
    const args = [device, String(content.size), places];
    await run(connection, { script: WRITE, args, input: gzip, signal: writing });
  } finally {
    gzip.destroy();
  }
  // 2. Read back.
  say("image    reading it back");
  const read = await run(connection, { script: READ_BACK, args: [device, places], signal });
  // Startup files of the shell may have printed something before.
  const [, measured = "nothing"] = /\b([0-9a-f]{64}) +-$/.exec(read.trim()) ?? [];
  const expected = sent.digest("hex");
  if (measured === expected) return;
  throw new VmrigError("IMAGE_MISMATCH", {
    message: "The disk of the temporary server does not contain the image that was sent.",
    details: [`sent       sha256 ${expected}`, `read back  sha256 ${measured}`],
    hint: "publish it again",
  });
}

interface RemoteScript {
  /** For bash, without single quotes. */
  readonly script: string;
  readonly args: readonly string[];
  readonly input?: Readable;
  readonly signal: AbortSignal;
}

/** Runs a script as root. Returns its output. */
async function run(
  connection: SshConnection,
  { script, args, input, signal }: RemoteScript,
): Promise<string> {
  const words = [script, "publish", ...args].map((word) => `'${word}'`).join(" ");
  const { exitCode, stdout, stderr, ended } = await connection.exec(
    `bash --norc -euo pipefail -c ${words}`,
    { timeoutMs: WRITE_MS, signal, ...(input && { input }) },
  );
  signal.throwIfAborted();
  if (exitCode === 0) return stdout.toString();
  const text = stderr.toString().trim().slice(-MOST_TEXT);
  throw new VmrigError("CLOUD_ACTION_FAILED", {
    message: `The rescue system of the temporary server ${ended === "timed-out" ? `did not finish in ${WRITE_MS / 1_000} s` : "could not write the image"}.`,
    details: text === "" ? [] : text.split("\n"),
    hint: "publish it again; if it fails again, name another server type",
  });
}

function observe(...observers: ReadonlyArray<(chunk: Buffer) => unknown>): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      for (const look of observers) look(chunk);
      done(null, chunk);
    },
  });
}

/** Reports each quarter of the upload. */
function progress({ extents }: DiskContent, say: WriteOptions["say"]): (chunk: Uint8Array) => void {
  const total = extents.reduce((sum, { length }) => sum + length, 0);
  let bytes = 0;
  let quarter = 0;
  say(`image    uploading ${Math.ceil(total / 2 ** 20)} MB`);
  return (chunk) => {
    bytes += chunk.length;
    const now = Math.floor((bytes * 4) / total);
    if (now > quarter && now < 4) say(`image    uploaded ${now * 25} %`);
    quarter = now;
  };
}
