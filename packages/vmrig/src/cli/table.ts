import type { OptionSpecs, Verb, VerbGroup } from "./verb.ts";
import { destroy } from "./verbs/destroy.ts";
import { doctor } from "./verbs/doctor.ts";
import { down } from "./verbs/down.ts";
import { exec } from "./verbs/exec.ts";
import { image } from "./verbs/image/group.ts";
import { init } from "./verbs/init.ts";
import { logs } from "./verbs/logs.ts";
import { release } from "./verbs/release.ts";
import { rest } from "./verbs/rest.ts";
import { rollback } from "./verbs/rollback.ts";
import { ssh } from "./verbs/ssh.ts";
import { state } from "./verbs/state/group.ts";
import { status } from "./verbs/status.ts";
import { sweep } from "./verbs/sweep.ts";
import { up } from "./verbs/up.ts";

/** All verbs, in the order of the help. */
export const VERBS: readonly (Verb | VerbGroup)[] = [
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
  rest,
  destroy,
  sweep,
  state,
  image,
];

/** Options of every verb. */
export const COMMON_OPTIONS = {
  config: {
    type: "string",
    value: "FILE",
    help: "the config file; default: vmrig.config.ts in this folder or a parent folder",
  },
  help: { type: "boolean", short: "h", help: "prints this help, or the help of one verb" },
  version: { type: "boolean", help: "prints the version of vmrig" },
} as const satisfies OptionSpecs;
