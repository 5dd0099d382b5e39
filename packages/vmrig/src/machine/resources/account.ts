import { quoteWord } from "../../ssh/quote.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { query } from "./query.ts";
import type { QueryTarget } from "./query-target.ts";

/** A user account of a machine. Plain data. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** The comment field: often the full name. */
  readonly comment: string;
  readonly home: string;
  readonly shell: string;
  /** Names of all groups, starting with the primary group. */
  readonly groups: readonly string[];
}

export interface UserAccount extends QueryTarget<"user"> {
  readonly name: string;
  /**
   * Reads the entry. Resolves with `undefined` when it does not exist.
   *
   * @throws VmrigError `INSPECTION_FAILED`
   */
  account(): Promise<Account | undefined>;
  exists(): Promise<boolean>;
}

/** Exit code of `getent` for an unknown key: getent(1). */
export const GETENT_NOT_FOUND = 2;

export function createUser(context: ExecutionContext, name: string): UserAccount {
  const title = `user ${name}`;
  const word = quoteWord(name);
  const account = async (): Promise<Account | undefined> => {
    // For a group without a name, `id` prints the number and exits with 1.
    const { stdout } = await query(
      context,
      `getent passwd ${word} || exit; id -Gn ${word} 2>/dev/null || :`,
      {
        title,
        answers: [0, GETENT_NOT_FOUND],
      },
    );
    return parseAccount(stdout);
  };
  const exists = async (): Promise<boolean> => (await account()) !== undefined;
  return { kind: "user", machine: context.name, user: context.user, title, name, account, exists };
}

/** Parses a line of passwd(5) and a line of group names. */
function parseAccount(text: string): Account | undefined {
  const [line = "", groups = ""] = text.split("\n");
  const [name = "", , uid, gid, comment = "", home = "", shell = ""] = line.split(":");
  if (name === "") return undefined;
  return {
    name,
    uid: Number(uid),
    gid: Number(gid),
    comment,
    home,
    shell,
    groups: groups.split(" ").filter((one) => one !== ""),
  };
}
