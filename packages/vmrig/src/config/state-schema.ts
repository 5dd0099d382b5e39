import { z } from "zod";
import type { StateOptions } from "../provision/state/state-options.ts";
import { fields, text } from "./fields.ts";

const PG_URL =
  'a URL such as "postgres://vmrig@db.example.com/vmrig?sslmode=verify-full"; the password comes from PGPASSWORD';

/** Where the Terraform states of the rig are stored. */
export const stateStore = z.discriminatedUnion(
  "store",
  [
    fields({ store: z.literal("file") }),
    fields({ store: z.literal("redis") }),
    fields({
      store: z.literal("pg"),
      url: text(/^postgres(ql)?:\/\//, PG_URL),
      schema: text(
        /^[a-z_][a-z0-9_]{0,62}$/,
        'a schema such as "vmrig": lower-case letters, digits and "_"',
      ).default("vmrig"),
    }),
    fields({
      store: z.literal("s3"),
      bucket: text(/^[\w.-]{3,63}$/, "the name of a bucket"),
      region: text(/\S/, 'a region such as "eu-central-1"'),
      endpoint: text(/^https?:\/\//, 'a URL such as "https://s3.example.com"').optional(),
      pathStyle: z.boolean("expected true or false").default(false),
      prefix: text(/^[\w.-]{1,64}$/, 'the first part of every key, such as "vmrig"').default(
        "vmrig",
      ),
    }),
  ],
  'expected { store: "file" }, { store: "redis" }, { store: "pg", … } or { store: "s3", … }',
) satisfies z.ZodType<StateOptions>;
