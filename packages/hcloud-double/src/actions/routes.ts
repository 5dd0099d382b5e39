import { notFound, removedEndpoint } from "../http/api-error.ts";
import { list, select } from "../http/list.ts";
import { ok, route, type Reply, type Route } from "../http/route.ts";
import type { Project } from "../project/project.ts";
import type { Action } from "./action.ts";

const RULES = {
  filters: ["id", "status"],
  sorts: ["id", "command", "status", "started", "finished"],
};

/** `/actions` by ids, and the actions of each kind of resource and of each resource. */
export function actionRoutes(project: Project): Route[] {
  const { actions } = project;
  return [
    route("GET", "/actions", ({ query }) => {
      if (!query.has("id")) throw removedEndpoint("/actions without ids");
      return ok({ actions: select(actions.all, query, RULES) });
    }),
    {
      method: "GET",
      path: /^\/actions\/([^/]+)$/,
      handle: ({ ids: [id] }) => one(actions.all, id),
    },
    ...kind(project, "servers", "server", (id) => project.servers.get(id)),
    ...kind(project, "images", "image", (id) => project.images.get(id)),
    ...kind(project, "networks", "network", (id) => project.networks.get(id)),
    ...kind(project, "firewalls", "firewall", (id) => project.firewalls.get(id)),
    ...kind(project, "primary_ips", "primary_ip", (id) => project.primaryIps.get(id)),
  ];
}

/** @param get throws for a resource that does not exist */
function kind(
  { actions }: Project,
  plural: string,
  type: string,
  get: (id: string | undefined) => { readonly id: number },
): Route[] {
  const ofKind = (id?: number) =>
    actions.all.filter(({ resources }) =>
      resources.some((other) => other.type === type && (id === undefined || other.id === id)),
    );
  return [
    route("GET", `/${plural}/actions`, ({ query }) => list("actions", ofKind(), query, RULES)),
    route("GET", `/${plural}/actions/:action`, ({ ids: [id] }) => one(ofKind(), id)),
    route("GET", `/${plural}/:id/actions`, ({ ids: [id], query }) =>
      list("actions", ofKind(get(id).id), query, RULES),
    ),
    route("GET", `/${plural}/:id/actions/:action`, ({ ids: [id, action] }) =>
      one(ofKind(get(id).id), action),
    ),
  ];
}

function one(actions: readonly Action[], id: string | undefined): Reply {
  const action = actions.find((candidate) => String(candidate.id) === id);
  if (action === undefined) throw notFound(`action ${id}`);
  return ok({ action });
}
