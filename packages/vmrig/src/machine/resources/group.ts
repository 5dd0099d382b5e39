import { quoteWord } from "../../ssh/quote.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { query } from "./query.ts";
import type { QueryTarget } from "./query-target.ts";
import { GETENT_NOT_FOUND } from "./account.ts";

/** A group of a machine. Plain data. */
export interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  /** Users with this group as a supplementary group. */
  readonly members: readonly string[];
}

export interface Group extends QueryTarget<"group"> {
  readonly name: string;
  /**
   * Reads the entry. Resolves with `undefined` when it does not exist.
   *
   * @throws VmrigError `INSPECTION_FAILED`
   */
  entry(): Promise<GroupEntry | undefined>;
  exists(): Promise<boolean>;
}

export function createGroup(context: ExecutionContext, name: string): Group {
  const title = `group ${name}`;
  const entry = async (): Promise<GroupEntry | undefined> => {
    const { stdout } = await query(context, `getent group ${quoteWord(name)}`, {
      title,
      answers: [0, GETENT_NOT_FOUND],
    });
    return parseGroup(stdout);
  };
  const exists = async (): Promise<boolean> => (await entry()) !== undefined;
  return { kind: "group", machine: context.name, user: context.user, title, name, entry, exists };
}

/** Parses a line of group(5). */
function parseGroup(text: string): GroupEntry | undefined {
  const [name = "", , gid, members = ""] = text.split(":");
  if (name === "") return undefined;
  return {
    name,
    gid: Number(gid),
    members: members.trim() === "" ? [] : members.trim().split(","),
  };
}
