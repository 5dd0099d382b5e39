import { resolveCommand } from "package-manager-detector/commands";
import { detect } from "package-manager-detector/detect";

/** Command lines of a project's package manager. */
export interface PackageManager {
  readonly install: string;
  /** Returns the command line that runs a program of the project: `npx vmrig doctor`. */
  readonly run: (program: string, argument: string) => string;
}

/**
 * Finds the package manager of the nearest folder that has a lockfile or names one in its
 * package.json. Defaults to npm.
 */
export async function findPackageManager(folder: string): Promise<PackageManager> {
  const { name, agent } = (await detect({ cwd: folder })) ?? { name: "npm", agent: "npm" };
  const lineOf = (command: "agent" | "run" | "execute-local", args: string[]): string => {
    const resolved = resolveCommand(agent, command, args);
    return [resolved?.command ?? name, ...(resolved?.args ?? args)].join(" ");
  };
  // `yarn exec` needs a `--` in Yarn 1, which Yarn 2 and later would pass on. `yarn run` runs
  // programs in all versions.
  const run = name === "yarn" ? "run" : "execute-local";
  return {
    install: lineOf("agent", ["install"]),
    run: (program, argument) => lineOf(run, [program, argument]),
  };
}
