import { removedEndpoint } from "../http/api-error.ts";
import { list } from "../http/list.ts";
import { ok, route, type Route } from "../http/route.ts";
import type { Project } from "../project/project.ts";
import { forArchitectures } from "./isos.ts";
import { pricing } from "./prices.ts";

/** Kinds of resources that exist at the vendor; this project has none. */
const EMPTY_KINDS = ["certificates", "floating_ips", "load_balancers", "volumes"];

export function catalogRoutes({ catalog }: Project): Route[] {
  const { isos, locations, serverTypes } = catalog;
  return [
    route("GET", "/locations", ({ query }) => list("locations", locations.all, query)),
    route("GET", "/locations/:id", ({ ids: [id] }) => ok({ location: locations.get(id) })),
    route("GET", "/server_types", ({ query }) =>
      list("server_types", serverTypes.all, query, { sorts: [] }),
    ),
    route("GET", "/server_types/:id", ({ ids: [id] }) => ok({ server_type: serverTypes.get(id) })),
    route("GET", "/isos", ({ query }) => list("isos", forArchitectures(isos.all, query), query)),
    route("GET", "/isos/:id", ({ ids: [id] }) => ok({ iso: isos.get(id) })),
    route("GET", "/pricing", () => ok({ pricing: pricing(serverTypes.all) })),
    route("GET", "/datacenters(?:/.*)?", () => {
      throw removedEndpoint("/datacenters");
    }),
    ...EMPTY_KINDS.map((kind) => route("GET", `/${kind}`, ({ query }) => list(kind, [], query))),
  ];
}
