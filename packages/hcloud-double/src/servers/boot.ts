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

function nextBoot(project: Project, server: Server): Omit<Boot, "onPowerOff"> {
  const rescue = waitingRescue(project, server);
  return rescue
    ? { from: "rescue", authorizedKeys: rescue.authorizedKeys }
    : { from: "disk", authorizedKeys: server.authorizedKeys };
}

/** Parts of an action that boots a server. `run` starts it, or returns that it did not. */
export function boots(
  project: Project,
  server: Server,
  run: (boot: Boot) => Promise<boolean | void>,
): Pick<ActionPlan, "work" | "succeed"> {
  let from: Boot["from"] | undefined;
  let isOff = false;
  let boots = 0;
  return {
    work: async () => {
      const boot = nextBoot(project, server);
      const onPowerOff = () => {
        isOff = true;
        if (server.boots === boots && server.status === "running") server.status = "off";
      };
      const isStarted = await run({ ...boot, onPowerOff });
      from = isStarted === false ? undefined : boot.from;
    },
    succeed: () => {
      if (from === undefined) return;
      server.status = isOff ? "off" : "running";
      server.bootedFrom = from;
      boots = server.boots += 1;
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
