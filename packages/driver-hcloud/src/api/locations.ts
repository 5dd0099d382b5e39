import { z } from "zod";
import type { Kind } from "./resource/kind.ts";
import { listOf } from "./resource/read.ts";

const schema = z.object({
  id: z.number(),
  name: z.string(),
  city: z.string(),
  /** Servers of one zone can share a network. */
  network_zone: z.string(),
});

export type Location = z.infer<typeof schema>;

const LOCATIONS: Kind<Location> = {
  many: "locations",
  one: "location",
  title: "location",
  schema,
};

export const listLocations = listOf(LOCATIONS);
