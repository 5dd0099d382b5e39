import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";

/**
 * @typedef {"debian" | "fedora" | "arch" | "macos" | "other"} Family whose package manager this
 *   computer has
 */

/** Folders in which Debian has sshd and mkfs; only root has them on PATH. */
export const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** @returns {Promise<Family>} */
export async function systemFamily() {
  if (process.platform === "darwin") return "macos";
  return linuxFamily(await readFile("/etc/os-release", "utf8").catch(() => ""));
}

/**
 * @param {string} osRelease text of /etc/os-release: `ID=ubuntu` and `ID_LIKE=debian` are what
 *   counts
 * @returns {Family}
 */
export function linuxFamily(osRelease) {
  const names = [...osRelease.matchAll(/^(?:ID|ID_LIKE)=["']?([^"'\n]*)/gm)].flatMap((match) =>
    (match[1] ?? "").split(" "),
  );
  if (names.includes("debian") || names.includes("ubuntu")) return "debian";
  if (names.includes("fedora") || names.includes("rhel")) return "fedora";
  if (names.includes("arch")) return "arch";
  return "other";
}

/**
 * @param {string} command a name, or an absolute path
 * @param {string} path as in the variable PATH
 * @returns {string | undefined} its file
 */
export function which(command, path) {
  if (isAbsolute(command)) return existsSync(command) ? command : undefined;
  return path
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, command))
    .find((file) => existsSync(file));
}
