import { joinRecipes, type Recipe } from "../baseline/recipe.ts";
import type { ResolvedRig } from "../config/schema.ts";

/** What is done to each machine before its baseline is taken, by name: the rig's part first. */
export function recipesOf(rig: ResolvedRig): Readonly<Record<string, Recipe>> {
  return Object.fromEntries(
    Object.entries(rig.machines).map(([name, machine]) => [
      name,
      joinRecipes(rig.prepare, machine.prepare),
    ]),
  );
}
