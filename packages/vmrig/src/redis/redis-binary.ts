import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { VmrigError } from "../errors/vmrig-error.ts";

const PROGRAMS = ["redis-server", "valkey-server"];

/** Install command by operating system family: `ID` or `ID_LIKE` of os-release(5). */
const INSTALL: Readonly<Record<string, string>> = {
  debian: "sudo apt-get install redis-server",
  ubuntu: "sudo apt-get install redis-server",
  fedora: "sudo dnf install valkey",
  rhel: "sudo dnf install valkey",
  arch: "sudo pacman -S valkey",
  alpine: "sudo apk add redis",
  suse: "sudo zypper install redis",
};

/**
 * Finds `redis-server`, else `valkey-server`, on PATH.
 *
 * @throws VmrigError `REDIS_MISSING` with the package to install on this system and the variable
 *   that points to a shared Redis
 */
export function findRedisServer(path = process.env["PATH"] ?? ""): string {
  for (const program of PROGRAMS) {
    for (const folder of path.split(delimiter)) {
      const file = join(folder, program);
      if (folder !== "" && isProgram(file)) return file;
    }
  }
  throw new VmrigError("REDIS_MISSING", {
    message: `Neither ${PROGRAMS.join(" nor ")} is on PATH, and no other Redis is configured.`,
    hint: `${installCommand()}, or point VMRIG_REDIS_URL to a Redis that you share with others`,
  });
}

function installCommand(): string {
  if (process.platform === "darwin") return "run `brew install redis`";
  const families = osRelease().flatMap((id) => INSTALL[id] ?? []);
  return families[0] === undefined ? "install Redis or Valkey" : `run \`${families[0]}\``;
}

function osRelease(): string[] {
  try {
    const text = readFileSync("/etc/os-release", "utf8");
    return ["ID", "ID_LIKE"].flatMap(
      (key) => new RegExp(`^${key}="?([^"\n]*)"?$`, "m").exec(text)?.[1]?.split(" ") ?? [],
    );
  } catch {
    return [];
  }
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
