import { z } from "zod";
import { fields, text } from "./fields.ts";

const file = z.union(
  [
    z.string(),
    fields({
      content: z.string(),
      /** Octal, as for chmod. */
      mode: text(/^0?[0-7]{3,4}$/, 'an octal mode such as "0644"').default("0644"),
      owner: text(/^[a-z_][a-z0-9_-]*(:[a-z_][a-z0-9_-]*)?$/, '"user" or "user:group"').default(
        "root:root",
      ),
    }),
  ],
  'expected the content, or { content: "…", mode: "0644", owner: "root:root" }',
);

/** Recipe of a baseline: packages, files and commands. */
export const recipe = fields({
  packages: z.array(text(/^[a-zA-Z0-9][a-zA-Z0-9+._:=~-]*$/, "a package name")).default([]),
  files: z
    .record(text(/^\/[^\0]*[^\0/]$/, "the absolute path of a file on the machine"), file)
    .default({})
    .transform((files) =>
      Object.entries(files).map(([path, value]) => ({
        path,
        ...(typeof value === "string"
          ? { content: value, mode: "0644", owner: "root:root" }
          : value),
      })),
    ),
  run: z.array(text(/\S/, "a command")).default([]),
  timers: z.enum(["hold", "run"]).optional(),
});
