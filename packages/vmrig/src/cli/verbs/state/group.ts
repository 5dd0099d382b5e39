import type { VerbGroup } from "../../verb.ts";
import { history } from "./history.ts";
import { init } from "./init.ts";
import { list } from "./list.ts";
import { migrate } from "./migrate.ts";
import { pull } from "./pull.ts";
import { push } from "./push.ts";
import { rekey } from "./rekey.ts";
import { rollback } from "./rollback.ts";
import { show } from "./show.ts";
import { unlock } from "./unlock.ts";

export const state: VerbGroup = {
  name: "state",
  summary: "shows, moves and repairs the Terraform state of a copy",
  details: [
    "The verbs that only read need no lease. The others wait in the queue for the copy, and the next run then starts Terraform, which compares the state with the machines.",
  ],
  verbs: [list, show, history, pull, push, rollback, unlock, migrate, rekey, init],
};
