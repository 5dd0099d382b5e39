import { actionRoutes } from "./actions/routes.ts";
import { catalogRoutes } from "./catalog/routes.ts";
import { firewallRoutes } from "./firewalls/routes.ts";
import type { Route } from "./http/route.ts";
import { imageRoutes } from "./images/routes.ts";
import { networkRoutes } from "./networks/routes.ts";
import { placementGroupRoutes } from "./placement-groups/routes.ts";
import { primaryIpRoutes } from "./primary-ips/routes.ts";
import type { Project } from "./project/project.ts";
import { serverRoutes } from "./servers/routes.ts";
import { sshKeyRoutes } from "./ssh-keys/routes.ts";

/** All endpoints of the API. */
export function apiRoutes(project: Project): Route[] {
  return [
    ...actionRoutes(project),
    ...catalogRoutes(project),
    ...firewallRoutes(project),
    ...imageRoutes(project),
    ...networkRoutes(project),
    ...placementGroupRoutes(project),
    ...primaryIpRoutes(project),
    ...serverRoutes(project),
    ...sshKeyRoutes(project),
  ];
}
