/** What `tar` said about files, while all other files went well. */
export interface TarNotes {
  /** Names that were missing when `tar` came to them, as bytes in Latin-1. */
  readonly missing: readonly string[];
  /** Names of files that changed while `tar` read them. */
  readonly changed: readonly string[];
  /** Attributes that `tar` could not set. */
  readonly attributes: ReadonlyArray<{ readonly name: string; readonly why: string }>;
  /** Messages with another meaning: `tar` failed. */
  readonly others: readonly string[];
}

const MISSING =
  /^(.*?)(?:: Warning)?: (?:(?:Cannot|Couldn't) [a-z ]+: No such file or directory|File removed before we read it)$/s;
const CHANGED =
  /^(.*): (?:file changed as we read it|File shrank by \d+ bytes?; padding with zeros)$/s;
/** GNU tar: warnings of xattrs.c. */
const ATTRIBUTE = /^\w+: Cannot set '([^']+)' extended attribute for file '(.*)': (.+)$/s;
const EPILOGUE =
  /^(?:Exiting with failure status due to previous errors|Error exit delayed from previous errors\.?)$/;
/** A clock or a folder time, which a later entry sets again. */
const HARMLESS = /(?:time stamp .* in the future|implausibly old time stamp .*|socket ignored)$/;

/** Reads the messages of GNU tar in the locale C, or of bsdtar. */
export function readTarMessages(text: string): TarNotes {
  const notes = {
    missing: [] as string[],
    changed: [] as string[],
    attributes: [] as Array<{ name: string; why: string }>,
    others: [] as string[],
  };
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const message = line.replace(/^(?:\S*\/)?(?:bsd)?tar(?:\.exe)?: /, "");
    const changed = CHANGED.exec(message)?.[1];
    const attribute = ATTRIBUTE.exec(message);
    const missing = MISSING.exec(message)?.[1];
    if (changed !== undefined) notes.changed.push(unescape(changed));
    else if (attribute !== null)
      notes.attributes.push({
        name: unescape(attribute[2] ?? ""),
        why: `${attribute[1]}: ${attribute[3]}`,
      });
    else if (missing !== undefined) notes.missing.push(unescape(missing));
    else if (!EPILOGUE.test(message) && !HARMLESS.test(message)) notes.others.push(message);
  }
  return notes;
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** Undoes the quoting style `escape` of GNU tar: octal numbers of bytes, and letters as in C. */
function unescape(name: string): string {
  return name.replace(/\\([0-7]{3}|.)/gs, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : (ESCAPES[code] ?? code),
  );
}
