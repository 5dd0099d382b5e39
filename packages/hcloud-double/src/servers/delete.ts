import type { Action } from "../actions/action.ts";
import { protectedFrom } from "../http/api-error.ts";
import { removeImage } from "../images/image.ts";
import { requireUnlocked, type Project } from "../project/project.ts";
import type { Server } from "../project/records.ts";
import { startHolding } from "./action.ts";
import { toBackendServer } from "./server.ts";

/** Starts to delete a server. Its name and its addresses are free when the action has ended. */
export function deleteServer(project: Project, server: Server): Action {
  if (server.protection.delete) throw protectedFrom(`server ${server.id}`, "deletion");
  requireUnlocked(server);
  return startHolding(project, "delete_server", server, {
    status: "deleting",
    work: async () => {
      await project.backend.stop(toBackendServer(project, server));
      await project.backend.remove(toBackendServer(project, server));
    },
    succeed: () => forget(project, server),
  });
}

function forget(project: Project, server: Server): void {
  project.servers.delete(server);
  for (const firewall of project.firewalls.all)
    firewall.targets = firewall.targets.filter(
      (target) => !("server" in target) || target.server !== server.id,
    );
  deleteBackups(project, server);
  for (const ip of project.primaryIps.all.filter((other) => other.server === server.id)) {
    ip.server = null;
    if (ip.autoDelete) project.primaryIps.delete(ip);
  }
}

/** Snapshots stay. */
export function deleteBackups(project: Project, server: Server): void {
  for (const image of project.images.all)
    if (image.bound_to === server.id) removeImage(project, image);
}
