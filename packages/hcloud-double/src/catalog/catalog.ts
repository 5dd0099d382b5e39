import { invalidField, outOfStock } from "../http/api-error.ts";
import { Table } from "../project/table.ts";
import { ISOS, type Iso } from "./isos.ts";
import { LOCATIONS } from "./locations.ts";
import type { Location, Offer, ServerType } from "./offers.ts";
import { serverTypes } from "./server-types.ts";

/** What can be ordered, and where. */
export class Catalog {
  readonly locations = new Table<Location>("location", LOCATIONS);
  readonly isos = new Table<Iso>("ISO", ISOS);
  readonly serverTypes = new Table<ServerType>("server type", serverTypes());

  /** Sells a server type out, in one location or in all. */
  sellOut(serverType: string, location?: string): void {
    for (const offer of this.#offers(serverType, location)) offer.available = false;
  }

  restock(serverType: string, location?: string): void {
    for (const offer of this.#offers(serverType, location)) offer.available = true;
  }

  /** The first location where the server type is available. @throws ApiError 412 */
  pickLocation(type: ServerType): Location {
    const offer = type.locations.find(({ available }) => available);
    const location = this.locations.byId(offer?.id ?? null);
    if (location === undefined) throw outOfStock(`${type.name} is not available`);
    return location;
  }

  /** @throws ApiError 422 or 412 if the server type cannot be ordered in the location */
  requireOffered(type: ServerType, location: Location, nowMs: number): void {
    const offer = type.locations.find(({ id }) => id === location.id);
    if (offer === undefined)
      throw invalidField("location", `${type.name} does not exist in ${location.name}`);
    const { available, deprecation } = offer;
    if (deprecation !== null && Date.parse(deprecation.unavailable_after) < nowMs)
      throw invalidField("server_type", `${type.name} was withdrawn`);
    if (!available) throw outOfStock(`${type.name} is not available in ${location.name}`);
  }

  #offers(serverType: string, location: string | undefined): Offer[] {
    return this.serverTypes
      .find(serverType, "server_type")
      .locations.filter(({ name }) => location === undefined || name === location);
  }
}
