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

/** Type flags: a file, also as old archives write it, and the pax records of the next entry. */
const FILE = [0x30, 0];
const PAX = 0x78;

/** Counts the file content in a streamed archive, without its headers. */
export function contentMeter(): (chunk: Uint8Array) => number {
  const header = Buffer.alloc(BLOCK);
  let filled = 0;
  let left = 0;
  let padding = 0;
  let counts = false;
  let records: string | undefined;
  let content = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length;) {
      const rest = chunk.length - at;
      if (left > 0) {
        const taken = Math.min(left, rest);
        if (counts) content += taken;
        if (records !== undefined)
          records += Buffer.from(chunk.subarray(at, at + taken)).toString("latin1");
        left -= taken;
        at += taken;
      } else if (padding > 0) {
        const taken = Math.min(padding, rest);
        padding -= taken;
        at += taken;
      } else {
        const taken = Math.min(BLOCK - filled, rest);
        header.set(chunk.subarray(at, at + taken), filled);
        filled += taken;
        at += taken;
        if (filled < BLOCK) continue;
        filled = 0;
        const type = header[156] ?? 0;
        left = paxSizeOf(records) ?? sizeOf(header);
        padding = (BLOCK - (left % BLOCK)) % BLOCK;
        counts = FILE.includes(type);
        if (counts) content += holesOf(records, left);
        records = type === PAX ? "" : undefined;
      }
    }
    return content;
  };
}

/** Reads the size: octal digits, or, beyond 8 GiB, a base-256 number with the first bit set. */
function sizeOf(header: Buffer): number {
  if ((header[124] ?? 0) >= 0x80) return Number(header.readBigUInt64BE(128));
  return Number.parseInt(
    header.toString("latin1", 124, 136).replace(/\0.*$/s, "").trim() || "0",
    8,
  );
}

/** Reads the size in pax records. Beyond 8 GiB, a pax archive has 0 in the header of the file. */
function paxSizeOf(records = ""): number | undefined {
  const [, size] = /^\d+ size=(\d+)$/m.exec(records) ?? [];
  return size === undefined ? undefined : Number(size);
}

/** Reads how much larger a sparse file is than its data in the archive: GNU tar, "PAX Format". */
function holesOf(records = "", stored: number): number {
  const [, size] = /^\d+ GNU\.sparse\.realsize=(\d+)$/m.exec(records) ?? [];
  return size === undefined ? 0 : Math.max(0, Number(size) - stored);
}
