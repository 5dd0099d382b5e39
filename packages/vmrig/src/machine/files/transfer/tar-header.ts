/** Block size of the tar format: POSIX.1-2017, pax, "ustar Interchange Format". */
const BLOCK = 512;

/** Returns an archive of one file. */
export function oneFile(name: string, content: Buffer): Buffer {
  const archive = Buffer.alloc(BLOCK * (3 + Math.ceil(content.length / BLOCK)));
  archive.write(name, 0, 100, "latin1");
  archive.write("0000600\0", 100, "latin1");
  archive.write("0000000\0", 108, "latin1");
  archive.write("0000000\0", 116, "latin1");
  archive.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124, "latin1");
  archive.write("00000000000\0", 136, "latin1");
  archive.write("        0", 148, "latin1");
  archive.write("ustar\u000000", 257, "latin1");
  const sum = archive.subarray(0, BLOCK).reduce((total, byte) => total + byte, 0);
  archive.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  content.copy(archive, BLOCK);
  return archive;
}

/** Type flags: a file, also as old archives write it, a hard link, and pax records. */
const FILE = [0x30, 0];
const LINK = 0x31;
const PAX = 0x78;

/** What a streamed archive contained until now. */
export interface ContentMeter {
  /** Reads a chunk and returns the new {@link bytes}. */
  read(chunk: Uint8Array): number;
  /** Size of the content of the files, without headers. */
  readonly bytes: number;
  /** Size of what follows the headers, including what has not arrived. */
  readonly announced: number;
  readonly files: number;
  readonly links: number;
  /** Number of files that are one hole. */
  readonly holes: number;
}

/** Counts the files in a streamed archive, and their content. */
export function contentMeter(): ContentMeter {
  const partial = Buffer.alloc(BLOCK);
  let filled = 0;
  let left = 0;
  let padding = 0;
  let counts = false;
  let records: string | undefined;
  const meter = { read, bytes: 0, announced: 0, files: 0, links: 0, holes: 0 };
  function readHeader(header: Uint8Array, at: number): void {
    const type = header[at + 156] ?? 0;
    left = paxSizeOf(records) ?? sizeOf(header, at + 124);
    padding = (BLOCK - (left % BLOCK)) % BLOCK;
    meter.announced += left;
    counts = FILE.includes(type);
    const hole = holesOf(records, left);
    if (counts && hole !== undefined) {
      meter.bytes += hole;
      // The list of the pieces takes a block.
      if (left <= BLOCK) meter.holes++;
    }
    // Empty blocks at the end of an archive have no name.
    if (counts && header[at] !== 0) meter.files++;
    if (type === LINK) meter.links++;
    records = type === PAX ? "" : undefined;
  }
  function read(chunk: Uint8Array): number {
    for (let at = 0; at < chunk.length;) {
      const rest = chunk.length - at;
      if (left > 0) {
        const taken = Math.min(left, rest);
        if (counts) meter.bytes += taken;
        if (records !== undefined)
          records += Buffer.from(chunk.buffer, chunk.byteOffset + at, taken).toString("latin1");
        left -= taken;
        at += taken;
      } else if (padding > 0) {
        const taken = Math.min(padding, rest);
        padding -= taken;
        at += taken;
      } else if (filled === 0 && rest >= BLOCK) {
        readHeader(chunk, at);
        at += BLOCK;
      } else {
        const taken = Math.min(BLOCK - filled, rest);
        partial.set(chunk.subarray(at, at + taken), filled);
        filled += taken;
        at += taken;
        if (filled < BLOCK) continue;
        filled = 0;
        readHeader(partial, 0);
      }
    }
    return meter.bytes;
  }
  return meter;
}

/** Reads the size: octal digits, or, beyond 8 GiB, a base-256 number with the first bit set. */
function sizeOf(header: Uint8Array, at: number): number {
  let size = 0;
  if ((header[at] ?? 0) >= 0x80) {
    for (let each = at + 4; each < at + 12; each++) size = size * 256 + (header[each] ?? 0);
    return size;
  }
  for (let each = at; each < at + 12; each++) {
    const byte = header[each] ?? 0;
    if (byte === 0) break;
    if (byte >= 0x30 && byte < 0x38) size = size * 8 + byte - 0x30;
  }
  return size;
}

/** Reads the size in pax records. Beyond 8 GiB, a pax archive has 0 in the header of the file. */
function paxSizeOf(records = ""): number | undefined {
  const [, size] = /^\d+ size=(\d+)$/m.exec(records) ?? [];
  return size === undefined ? undefined : Number(size);
}

/** Reads how much larger a sparse file is than its data in the archive: GNU tar, "PAX Format". */
function holesOf(records = "", stored: number): number | undefined {
  const [, size] = /^\d+ GNU\.sparse\.realsize=(\d+)$/m.exec(records) ?? [];
  return size === undefined ? undefined : Number(size) - stored;
}
