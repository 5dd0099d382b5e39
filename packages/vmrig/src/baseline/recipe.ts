/**
 * Recipe for preparing a fresh machine before its baseline is captured. Its order is: packages,
 * files, commands. All run as root.
 */
export interface Recipe {
  readonly packages: readonly string[];
  readonly files: readonly RecipeFile[];
  readonly run: readonly string[];
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

export const EMPTY_RECIPE: Recipe = { packages: [], files: [], run: [] };

/** Joins two recipes: the rig's first, then the machine's own. */
export function joinRecipes(first: Recipe, second: Recipe): Recipe {
  return {
    packages: [...new Set([...first.packages, ...second.packages])],
    files: [...first.files, ...second.files],
    run: [...first.run, ...second.run],
  };
}
