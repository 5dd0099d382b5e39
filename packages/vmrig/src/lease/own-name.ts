import { userInfo } from "node:os";

/** Who runs this process, as others in line see it; a user of a container may have no name. */
export function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? "unknown"}`;
  }
}
