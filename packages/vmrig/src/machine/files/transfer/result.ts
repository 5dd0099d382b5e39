import { compare } from "../entries.ts";

/** Something that is not in a copy. */
export interface LeftOut {
  /** Path below the copied folder, or the path of the copied file. */
  readonly path: string;
  /** The reason: `a socket`. */
  readonly why: string;
}

/** Result of a copy. Plain data. */
export interface TransferResult {
  /** Number of copied files and links, without folders. */
  readonly files: number;
  /** Size of their content. */
  readonly bytes: number;
  /** What is not in the copy, except what the options excluded. */
  readonly leftOut: readonly LeftOut[];
  /**
   * Paths of downloaded files that changed while the machine read them: their content may be mixed.
   * An upload reads such files again, and fails if they change again.
   */
  readonly changed: readonly string[];
}

/** Reasons for {@link LeftOut}. */
export const VANISHED = "it vanished during the copy";
export const ATTRIBUTES = "its extended attributes, which include capabilities";
export const UNCOPYABLE: Readonly<Record<string, string>> = {
  socket: "a socket",
  device: "a device",
};

/** Sorts the list by path, without the content of vanished folders. */
export function sorted(list: readonly LeftOut[]): LeftOut[] {
  const gone = new Set(list.flatMap(({ path, why }) => (why === VANISHED ? path : [])));
  const isInGone = (path: string): boolean => {
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1))
      if (gone.has(path.slice(0, end))) return true;
    return false;
  };
  return list
    .filter(({ path }) => !isInGone(path))
    .toSorted((one, other) => compare(one.path, other.path));
}

/** Converts a name in an archive, as bytes in Latin-1, to a path below the folder. */
export function toPath(name: string): string {
  return Buffer.from(name.replace(/^\.\//, ""), "latin1").toString();
}
