import { followSelectors } from "../firewalls/firewall.ts";
import { assignDefined, check, hostname, rename } from "../http/body.ts";
import { list } from "../http/list.ts";
import { created, ok, route, type Route } from "../http/route.ts";
import type { Project } from "../project/project.ts";
import type { Server } from "../project/records.ts";
import { createServer } from "./create.ts";
import { deleteServer } from "./delete.ts";
import { diskActions } from "./disk-actions.ts";
import { isoActions } from "./iso-actions.ts";
import { metrics } from "./metrics.ts";
import { networkActions } from "./network-actions.ts";
import { powerActions } from "./power-actions.ts";
import { showServer } from "./server.ts";
import { settingActions } from "./setting-actions.ts";

const serverRename = rename.extend({ name: hostname.optional() });

export function serverRoutes(project: Project): Route[] {
  const { servers } = project;
  const show = (server: Server) => showServer(project, server);
  return [
    route("GET", "/servers", ({ query }) =>
      list("servers", servers.all.map(show), query, { filters: ["name", "status"] }),
    ),
    route("GET", "/servers/:id", ({ ids: [id] }) => ok({ server: show(servers.get(id)) })),
    route("POST", "/servers", ({ body }) => created(createServer(project, body))),
    // Possible while an action holds the server.
    route("PUT", "/servers/:id", ({ ids: [id], body }) => {
      const server = servers.get(id);
      const wanted = check(serverRename, body);
      servers.requireFree(wanted.name, server);
      assignDefined(server, wanted);
      followSelectors(project, [server]);
      return ok({ server: show(server) });
    }),
    route("DELETE", "/servers/:id", ({ ids: [id] }) =>
      ok({ action: deleteServer(project, servers.get(id)) }),
    ),
    route("GET", "/servers/:id/metrics", ({ ids: [id], query }) => {
      servers.get(id);
      return ok({ metrics: metrics(query) });
    }),
    ...powerActions(project),
    ...diskActions(project),
    ...settingActions(project),
    ...networkActions(project),
    ...isoActions(project),
  ];
}
