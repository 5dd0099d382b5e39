import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { open as openFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { systemClock, VmrigError, waitFor, type WaitLimit } from "vmrig/driver";

/** Total limit, longer than any real download: a download may go on as long as data arrives. */
const LONGEST_MS = 24 * 3_600_000;

export interface DownloadOptions extends WaitLimit {
  readonly url: string;
  /** File to write. */
  readonly path: string;
  /** Longest time without data. @defaultValue 60000 */
  readonly stallMs?: number;
  /** Shortest interval between two progress lines. @defaultValue 10000 */
  readonly progressMs?: number;
}

export interface Downloaded {
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * Fetches a file (`http:`, `https:`, `file:`). Reports progress at the beginning and every 10 s.
 *
 * @throws VmrigError `IMAGE_MISSING` if the file cannot be fetched, or no data arrives for
 *   `stallMs`; the signal's reason
 */
export async function download(options: DownloadOptions): Promise<Downloaded> {
  const { url, path, signal, stallMs = 60_000 } = options;
  signal?.throwIfAborted();
  using stall = detectStall(stallMs);
  const stop = signal === undefined ? stall.signal : AbortSignal.any([signal, stall.signal]);
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    const { body, size } = await open(url, stop);
    const report = reportProgress(options, size);
    await pipeline(
      body,
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          stall.onData();
          hash.update(chunk);
          bytes += chunk.length;
          report(bytes);
          yield chunk;
        }
      },
      createWriteStream(path),
      { signal: stop },
    );
  } catch (error) {
    signal?.throwIfAborted();
    const cause: unknown = stall.signal.aborted ? stall.signal.reason : error;
    throw new VmrigError("IMAGE_MISSING", {
      message: `The image at ${url} cannot be fetched: ${reasonOf(cause)}.`,
      ...(bytes > 0 && { details: [`after ${bytes} bytes`] }),
      hint: "check the address, the network and the free space of the cache",
      cause,
    });
  }
  return { sha256: hash.digest("hex"), bytes };
}

interface StallDetector extends Disposable {
  /** Aborts when no data has arrived for too long. */
  readonly signal: AbortSignal;
  onData(): void;
}

function detectStall(stallMs: number): StallDetector {
  const stalled = new AbortController();
  const disposed = new AbortController();
  let lastDataAt = systemClock.monotonic();
  waitFor({
    what: "a download to stall",
    timeoutMs: LONGEST_MS,
    intervalMs: Math.min(1_000, stallMs / 4),
    signal: disposed.signal,
    probe: async () =>
      systemClock.monotonic() - lastDataAt < stallMs ? { seen: "bytes" } : { value: true },
  }).then(
    () => stalled.abort(new Error(`no data for ${stallMs / 1_000} s`)),
    () => {},
  );
  return {
    signal: stalled.signal,
    onData: () => void (lastDataAt = systemClock.monotonic()),
    [Symbol.dispose]: () => disposed.abort(),
  };
}

/** Reports the beginning of a download. Returns a function that reports its progress. */
function reportProgress(
  { url, say = () => {}, progressMs = 10_000 }: DownloadOptions,
  size: number | undefined,
): (bytes: number) => void {
  const total = size === undefined ? "" : megabytes(size);
  say(`image    fetching ${url}${total && ` (${total})`}`);
  let reportedAt = systemClock.monotonic();
  return (bytes) => {
    if (systemClock.monotonic() - reportedAt < progressMs) return;
    reportedAt = systemClock.monotonic();
    say(`image    fetching ${url}: ${megabytes(bytes)}${total && ` of ${total}`}`);
  };
}

async function open(
  url: string,
  signal: AbortSignal,
): Promise<{ readonly body: Readable; readonly size: number | undefined }> {
  if (url.startsWith("file:")) {
    const handle = await openFile(fileURLToPath(url));
    return { body: handle.createReadStream(), size: (await handle.stat()).size };
  }
  const response = await fetch(url, { signal });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new Error(`HTTP ${response.status} ${response.statusText}`);
  }
  const length = Number(response.headers.get("content-length") ?? Number.NaN);
  return { body: Readable.from(response.body), size: Number.isFinite(length) ? length : undefined };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** Returns the message of an error; the cause of `fetch failed` and `terminated` has the reason. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause instanceof Error
    ? `${thrown.message} (${thrown.cause.message})`
    : thrown.message;
}
