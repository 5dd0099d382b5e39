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
  /** Longest time without data. @defaultValue 60000 */
  readonly stallMs?: number;
  /** Shortest interval between two progress lines. @defaultValue 10000 */
  readonly sayMs?: number;
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
export async function download(
  url: string,
  path: string,
  options: DownloadOptions = {},
): Promise<Downloaded> {
  const { signal, say = () => {}, stallMs = 60_000, sayMs = 10_000 } = options;
  signal?.throwIfAborted();
  const hash = createHash("sha256");
  const stalled = new AbortController();
  const enough = signal === undefined ? stalled.signal : AbortSignal.any([signal, stalled.signal]);
  const over = new AbortController();
  let heard = systemClock.monotonic();
  const watch = waitFor({
    what: "a download to stall",
    timeoutMs: LONGEST_MS,
    intervalMs: Math.min(1_000, stallMs / 4),
    signal: over.signal,
    probe: async () =>
      systemClock.monotonic() - heard < stallMs ? { seen: "bytes" } : { value: true },
  });
  watch.then(
    () => stalled.abort(new Error(`no data for ${stallMs / 1_000} s`)),
    () => {},
  );
  let bytes = 0;
  try {
    const { body, size } = await open(url, enough);
    const of = size === undefined ? "" : ` of ${megabytes(size)}`;
    say(`image    fetching ${url}${size === undefined ? "" : ` (${megabytes(size)})`}`);
    let said = systemClock.monotonic();
    await pipeline(
      body,
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          heard = systemClock.monotonic();
          hash.update(chunk);
          bytes += chunk.length;
          if (systemClock.monotonic() - said >= sayMs) {
            said = systemClock.monotonic();
            say(`image    fetching ${url}: ${megabytes(bytes)}${of}`);
          }
          yield chunk;
        }
      },
      createWriteStream(path),
      { signal: enough },
    );
  } catch (error) {
    signal?.throwIfAborted();
    const cause: unknown = stalled.signal.aborted ? stalled.signal.reason : error;
    throw new VmrigError("IMAGE_MISSING", {
      message: `The image at ${url} cannot be fetched: ${words(cause)}.`,
      ...(bytes > 0 && { details: [`after ${bytes} bytes`] }),
      hint: "check the address, the network and the free space of the cache",
      cause,
    });
  } finally {
    over.abort();
  }
  return { sha256: hash.digest("hex"), bytes };
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

/**
 * Returns the message of an error. The reason of `fetch failed` and `terminated` is in their cause.
 */
function words(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause instanceof Error
    ? `${thrown.message} (${thrown.cause.message})`
    : thrown.message;
}
