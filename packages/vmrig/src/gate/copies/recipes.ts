import { joinRecipes, type Recipe } from "../../baseline/recipe.ts";
import type { ResolvedRig } from "../../config/schema.ts";

/** Returns the recipe of each machine by name: the rig's part first, then the machine's own. */
export function recipesOf(rig: ResolvedRig): Readonly<Record<string, Recipe>> {
  return Object.fromEntries(
    Object.entries(rig.machines).map(([name, machine]) => [
      name,
      joinRecipes(rig.prepare, machine.prepare),
    ]),
  );
}
