import type { ExecutionContext } from "../command/execution-context.ts";
import { query } from "./query.ts";
import type { QueryTarget } from "./query-target.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { type InstalledPackage, askForPackage, parsePackage } from "./installed-package.ts";

export interface Package extends QueryTarget<"package"> {
  readonly name: string;
  /**
   * Reads the installed package. Resolves with `undefined` when it is not installed, also when only
   * its configuration remains.
   *
   * @throws VmrigError `INSPECTION_FAILED`
   */
  installed(): Promise<InstalledPackage | undefined>;
  isInstalled(): Promise<boolean>;
  /**
   * Reads the installed version.
   *
   * @throws VmrigError `INSPECTION_FAILED`, also when the package is not installed
   */
  version(): Promise<string>;
}

export function createPackage(context: ExecutionContext, name: string): Package {
  const title = `package ${name}`;
  const installed = async (): Promise<InstalledPackage | undefined> => {
    // Package managers exit with 1 for a package that is not installed.
    const { stdout } = await query(context, askForPackage(name), { title, answers: [0, 1] });
    return parsePackage(name, stdout);
  };
  return {
    kind: "package",
    machine: context.name,
    user: context.user,
    title,
    name,
    installed,
    isInstalled: async () => (await installed()) !== undefined,
    async version() {
      const found = await installed();
      if (found !== undefined) return found.version;
      throw new VmrigError("INSPECTION_FAILED", {
        message: `The ${title} is not installed on ${context.name}.`,
      });
    },
  };
}
