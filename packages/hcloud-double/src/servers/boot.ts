import type { ActionPlan } from "../actions/action.ts";
import type { Project } from "../project/project.ts";
import type { Server } from "../project/records.ts";
import type { BackendServer, Boot } from "./backend.ts";

/** Rescue mode that no boot used lapses after an hour. */
export const RESCUE_MS = 3_600_000;

/** Rescue mode that waits for the next boot. */
export function waitingRescue(project: Project, { rescue }: Server): Server["rescue"] | undefined {
  return rescue !== null && project.now() < rescue.untilMs ? rescue : undefined;
}

function nextBoot(project: Project, server: Server): Boot {
  const rescue = waitingRescue(project, server);
  return rescue
    ? { from: "rescue", authorizedKeys: rescue.authorizedKeys }
    : { from: "disk", authorizedKeys: server.authorizedKeys };
}

/** Parts of an action that boots a server. `run` starts it. */
export function boots(
  project: Project,
  server: Server,
  run: (boot: Boot) => Promise<void>,
): Pick<ActionPlan, "work" | "succeed"> {
  let boot: Boot | undefined;
  return {
    work: async () => {
      boot = nextBoot(project, server);
      await run(boot);
    },
    succeed: () => {
      server.status = "running";
      server.bootedFrom = boot?.from ?? null;
      server.boots += 1;
      server.rescue = null;
    },
  };
}

/** Parts of an action that switches a server on. */
export function starts(
  project: Project,
  server: Server,
  describe: () => BackendServer,
): Pick<ActionPlan, "work" | "succeed"> {
  return boots(project, server, (boot) => project.backend.start(describe(), boot));
}
