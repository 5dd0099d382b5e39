import { userInfo } from "node:os";

/**
 * Returns the user name of this process, as others in the queue see it. A user in a container may
 * have no name.
 */
export function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? "unknown"}`;
  }
}
