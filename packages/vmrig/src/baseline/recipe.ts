/**
 * Recipe for preparing a fresh machine before its baseline is captured. Its order is: packages,
 * files, commands. All run as root.
 */
export interface Recipe {
  readonly packages: readonly string[];
  readonly files: readonly RecipeFile[];
  readonly run: readonly string[];
  /**
   * - `hold`: a rollback fires no timer. systemd's timers and cron stop before a snapshot, and start
   *   again after a rollback has set the clock.
   * - `run`: they keep running. What was due since the snapshot fires after the rollback.
   */
  readonly timers: "hold" | "run";
}

export interface RecipeFile {
  /** Absolute path on the machine. */
  readonly path: string;
  readonly content: string;
  /** Octal: `0644`. */
  readonly mode: string;
  /** `user` or `user:group`. */
  readonly owner: string;
}

export const EMPTY_RECIPE: Recipe = { packages: [], files: [], run: [], timers: "hold" };

/** A recipe as it is in the config, which may leave `timers` out. */
export interface RecipePart extends Omit<Recipe, "timers"> {
  readonly timers?: Recipe["timers"] | undefined;
}

/** Joins two recipes: the rig's first, then the machine's own. */
export function joinRecipes(first: RecipePart, second: RecipePart): Recipe {
  return {
    packages: [...new Set([...first.packages, ...second.packages])],
    files: [...first.files, ...second.files],
    run: [...first.run, ...second.run],
    timers: second.timers ?? first.timers ?? EMPTY_RECIPE.timers,
  };
}
