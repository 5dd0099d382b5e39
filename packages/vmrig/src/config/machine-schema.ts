import { z } from "zod";
import { fields } from "./fields.ts";
import { recipe } from "./recipe-schema.ts";
import { size } from "./units.ts";

const CPUS = "expected a whole number from 1 to 64";

/** Hardware and recipe of one machine. */
export const machine = fields({
  cpus: z.int(CPUS).min(1, CPUS).max(64, CPUS).default(1),
  memory: size
    .default(512)
    .refine(
      (mb) => mb >= 256 && Number.isInteger(mb),
      "expected whole megabytes, at least 256MB: Linux does not boot in less",
    ),
  disk: size
    .default(4096)
    .refine(
      (mb) => mb >= 4096 && mb % 1024 === 0,
      "expected whole gigabytes, at least 4GB: a disk cannot be smaller than its image",
    ),
  prepare: recipe.prefault({}),
}).transform(({ memory, disk, ...rest }) => ({ ...rest, memoryMb: memory, diskGb: disk / 1024 }));
