import { z } from "zod";
import type { Kind } from "./resource/kind.ts";
import { listOf } from "./resource/read.ts";

const schema = z.object({
  id: z.number(),
  name: z.string(),
  architecture: z.string(),
  cores: z.number(),
  /** In GB. */
  memory: z.number(),
  /** In GB. */
  disk: z.number(),
  /** Where the type exists, and whether there is room for it at the moment. */
  locations: z.array(
    z.object({
      name: z.string(),
      available: z.boolean(),
      deprecation: z.object({ unavailable_after: z.string() }).nullish(),
    }),
  ),
});

export type ServerType = z.infer<typeof schema>;

const SERVER_TYPES: Kind<ServerType> = {
  many: "server_types",
  one: "server_type",
  title: "server type",
  schema,
};

export const listServerTypes = listOf(SERVER_TYPES);
