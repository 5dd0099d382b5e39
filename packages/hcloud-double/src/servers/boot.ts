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

/** One boot of a server, and what it means to the API. */
interface PlannedBoot {
  readonly boot: Boot;
  /** Whether the guest has powered itself off already. */
  isOff(): boolean;
  /** The boot has happened. */
  count(): void;
}

function planBoot(project: Project, server: Server): PlannedBoot {
  const rescue = waitingRescue(project, server);
  let isOff = false;
  let number = 0;
  return {
    boot: {
      from: rescue ? "rescue" : "disk",
      authorizedKeys: rescue?.authorizedKeys ?? server.authorizedKeys,
      onPowerOff: () => {
        isOff = true;
        if (server.boots === number && server.status === "running") server.status = "off";
      },
      onRestart: () => {
        const next = planBoot(project, server);
        next.count();
        return next.boot;
      },
    },
    isOff: () => isOff,
    count: () => {
      server.bootedFrom = rescue ? "rescue" : "disk";
      server.boots += 1;
      number = server.boots;
      server.rescue = null;
    },
  };
}

/** Parts of an action that boots a server. `run` starts it, or returns that it did not. */
export function boots(
  project: Project,
  server: Server,
  run: (boot: Boot) => Promise<boolean | void>,
): Pick<ActionPlan, "work" | "succeed"> {
  let done: PlannedBoot | undefined;
  return {
    work: async () => {
      const planned = planBoot(project, server);
      if ((await run(planned.boot)) !== false) done = planned;
    },
    succeed: () => {
      if (done === undefined) return;
      done.count();
      server.status = done.isOff() ? "off" : "running";
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
