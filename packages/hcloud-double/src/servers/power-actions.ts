import { unprocessable } from "../http/api-error.ts";
import type { Route } from "../http/route.ts";
import type { Project } from "../project/project.ts";
import type { Server } from "../project/records.ts";
import { serverAction, startHolding } from "./action.ts";
import { boots, starts } from "./boot.ts";
import { serverResources, toBackendServer } from "./server.ts";

export function powerActions(project: Project): Route[] {
  const { actions, backend } = project;
  const describe = (server: Server) => toBackendServer(project, server);
  return [
    serverAction(project, "poweron", (server) => {
      if (server.status === "running")
        return { action: actions.startDone("start_server", serverResources(server)) };
      if (server.attachments.length === 0 && !project.hasPublicIp(server))
        throw unprocessable("service_error", `server ${server.id} has no network interface`);
      return {
        action: startHolding(project, "start_server", server, {
          status: "starting",
          ...starts(project, server, () => describe(server)),
        }),
      };
    }),
    serverAction(project, "poweroff", (server) => {
      if (server.status === "off")
        return { action: actions.startDone("stop_server", serverResources(server)) };
      return {
        action: startHolding(project, "stop_server", server, {
          status: "stopping",
          work: () => backend.stop(describe(server)),
          succeed: () => void (server.status = "off"),
        }),
      };
    }),
    serverAction(project, "reset", (server) => ({
      action: startHolding(
        project,
        "reset_server",
        server,
        boots(project, server, async (boot) => {
          await backend.stop(describe(server));
          await backend.start(describe(server), boot);
        }),
      ),
    })),
    // A server that is off stays off.
    serverAction(project, "reboot", (server) => ({
      action: startHolding(
        project,
        "reboot_server",
        server,
        server.status === "running"
          ? boots(project, server, (boot) => backend.reboot(describe(server), boot))
          : {},
      ),
    })),
    // The action ends when the button is pressed. The guest powers off later, or never.
    serverAction(project, "shutdown", (server) => ({
      action: startHolding(project, "shutdown_server", server, {
        work: async () => {
          if (server.status === "running") await backend.shutDown(describe(server));
        },
      }),
    })),
  ];
}
