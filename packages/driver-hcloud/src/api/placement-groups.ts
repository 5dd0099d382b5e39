import { z } from "zod";
import { deleteOf } from "./resource/delete.ts";
import type { Kind } from "./resource/kind.ts";
import { labelled } from "./resource/labelled.ts";
import { listOf } from "./resource/read.ts";

const schema = z.object({
  ...labelled,
  name: z.string(),
  /** Ids of its servers, at most ten. */
  servers: z.array(z.number()),
});

export type PlacementGroup = z.infer<typeof schema>;

const PLACEMENT_GROUPS: Kind<PlacementGroup> = {
  many: "placement_groups",
  one: "placement_group",
  title: "placement group",
  schema,
};

export const listPlacementGroups = listOf(PLACEMENT_GROUPS);

/** Deletes a group. Its servers stay. */
export const deletePlacementGroup = deleteOf(PLACEMENT_GROUPS);
