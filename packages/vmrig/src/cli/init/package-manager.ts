import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";

export interface PackageManager {
  readonly install: string;
  /** Command that runs a program of the project: `npx`. */
  readonly run: string;
}

const KNOWN = {
  npm: { install: "npm install", run: "npx" },
  pnpm: { install: "pnpm install", run: "pnpm exec" },
  yarn: { install: "yarn install", run: "yarn" },
  bun: { install: "bun install", run: "bunx" },
} as const satisfies Record<string, PackageManager>;

const LOCKFILES: readonly (readonly [string, keyof typeof KNOWN])[] = [
  ["pnpm-lock.yaml", "pnpm"],
  ["yarn.lock", "yarn"],
  ["bun.lock", "bun"],
  ["bun.lockb", "bun"],
  ["package-lock.json", "npm"],
];

/**
 * Finds the package manager by the nearest lockfile in the folder or a parent folder (a workspace),
 * then by `packageManager` of package.json. Defaults to npm.
 */
export async function findPackageManager(from: string, named?: string): Promise<PackageManager> {
  for (let folder = from; ; folder = dirname(folder)) {
    for (const [file, name] of LOCKFILES) if (await exists(join(folder, file))) return KNOWN[name];
    if (dirname(folder) === folder) break;
  }
  const name = named?.split("@")[0] ?? "";
  return Object.entries(KNOWN).find(([known]) => known === name)?.[1] ?? KNOWN.npm;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
