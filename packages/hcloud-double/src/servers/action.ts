import type { Action, ActionPlan } from "../actions/action.ts";
import { created, route, type Route } from "../http/route.ts";
import { requireUnlocked, type Project } from "../project/project.ts";
import type { Server, ServerStatus } from "../project/records.ts";
import { serverResources } from "./server.ts";

/** `POST /servers/:id/actions/COMMAND`, which is refused while an action holds the server. */
export function serverAction(
  project: Project,
  command: string,
  reply: (server: Server, body: object) => object,
  { needsLock = true } = {},
): Route {
  return route("POST", `/servers/:id/actions/${command}`, ({ ids: [id], body }) => {
    const server = project.servers.get(id);
    if (needsLock) requireUnlocked(server);
    return created(reply(server, body));
  });
}

/** Starts an action that holds the server. It shows `status` until it ends. */
export function startHolding(
  { actions }: Project,
  command: string,
  server: Server,
  {
    status,
    resources = serverResources(server),
    ...plan
  }: Pick<ActionPlan, "work" | "succeed" | "fail"> & {
    readonly status?: ServerStatus;
    readonly resources?: Action["resources"];
  } = {},
): Action {
  const before = server.status;
  return actions.start(command, resources, {
    ...plan,
    holds: [server],
    begin: () => void (server.status = status ?? before),
    fail: () => {
      server.status = before;
      plan.fail?.();
    },
  });
}
