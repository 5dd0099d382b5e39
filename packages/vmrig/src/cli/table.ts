import type { OptionSpecs, Verb } from "./verb.ts";
import { destroy } from "./verbs/destroy.ts";
import { doctor } from "./verbs/doctor.ts";
import { down } from "./verbs/down.ts";
import { exec } from "./verbs/exec.ts";
import { init } from "./verbs/init.ts";
import { logs } from "./verbs/logs.ts";
import { release } from "./verbs/release.ts";
import { rollback } from "./verbs/rollback.ts";
import { ssh } from "./verbs/ssh.ts";
import { status } from "./verbs/status.ts";
import { sweep } from "./verbs/sweep.ts";
import { up } from "./verbs/up.ts";

/** Every verb, in the order of the help. */
export const VERBS: readonly Verb[] = [
  init,
  doctor,
  status,
  up,
  rollback,
  ssh,
  exec,
  logs,
  release,
  down,
  destroy,
  sweep,
];

/** Options that every verb takes. */
export const COMMON = {
  config: {
    type: "string",
    value: "FILE",
    help: "the config; default: vmrig.config.ts here or in a folder above",
  },
  help: { type: "boolean", short: "h", help: "says what a verb does and takes" },
  version: { type: "boolean", help: "says which vmrig this is" },
} as const satisfies OptionSpecs;
