import { VmrigError, type CopySpec, type MachineSpec } from "vmrig/driver";
import type { Client } from "../api/call/client.ts";
import { listLocations } from "../api/locations.ts";
import { listServerTypes, type ServerType } from "../api/server-types.ts";
import type { Server } from "../api/servers.ts";
import type { Settings } from "../options.ts";

/** Where a server is, and what it is. */
export interface Placement {
  readonly location: string;
  readonly serverType: string;
}

/** What the cloud knows of the locations and server types of the config. */
export interface Offer {
  readonly zone: string;
  /** `x86` or `arm`. */
  readonly architecture: string;
  /** Types of the config, in its order. */
  readonly types: readonly ServerType[];
}

/**
 * Compares the config with what the cloud has.
 *
 * @throws VmrigError `CONFIG_INVALID` for an unknown location or type, for locations of several
 *   network zones, for types of several architectures, and for a machine that fits in no type
 */
export async function findOffer(
  client: Client,
  { locations, serverTypes }: Settings,
  { copy, signal }: { readonly copy: CopySpec; readonly signal?: AbortSignal | undefined },
): Promise<Offer> {
  const [allLocations, allTypes] = await Promise.all([
    listLocations(client, { signal }),
    listServerTypes(client, { signal }),
  ]);
  const zones = locations.map((name) => pick("location", name, allLocations).network_zone);
  const now = client.serverTime();
  const types = serverTypes.map((name) => offered(pick("server type", name, allTypes), now));
  const zone = oneOf("`locations` are in several network zones", locations, zones);
  const architectures = types.map(({ architecture }) => architecture);
  const architecture = oneOf("`serverTypes` differ", serverTypes, architectures);
  for (const machine of copy.machines) typesFor(machine, types);
  return { zone, architecture, types };
}

/** Leaves out where a type was withdrawn: the API refuses it there for good. */
function offered(type: ServerType, now: number): ServerType {
  const isOffered = ({ deprecation }: ServerType["locations"][number]): boolean =>
    !deprecation || Date.parse(deprecation.unavailable_after) > now;
  return { ...type, locations: type.locations.filter(isOffered) };
}

function pick<T extends { readonly name: string }>(
  what: string,
  name: string,
  all: readonly T[],
): T {
  const found = all.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new VmrigError("CONFIG_INVALID", {
    message: `hcloud(): Hetzner Cloud has no ${what} "${name}".`,
    details: [`it has: ${all.map((one) => one.name).join(", ")}`],
  });
}

function oneOf(
  problem: string,
  names: readonly string[],
  values: readonly [] | readonly string[],
): string {
  const [first = ""] = values;
  if (values.every((value) => value === first)) return first;
  throw new VmrigError("CONFIG_INVALID", {
    message: `hcloud(): ${problem}.`,
    details: names.map((name, index) => `${name}: ${values[index]}`),
    hint: "the machines of a copy share a private network and an image, so name one kind only",
  });
}

/** Returns the types on which a machine fits. */
function typesFor(
  { name, cpus, memoryMb, diskGb }: MachineSpec,
  types: readonly ServerType[],
): readonly ServerType[] {
  const fitting = types.filter(
    (type) => type.cores >= cpus && type.memory * 1024 >= memoryMb && type.disk >= diskGb,
  );
  if (fitting.length > 0) return fitting;
  throw new VmrigError("CONFIG_INVALID", {
    message: `${name} is larger than every server type of hcloud().`,
    details: [
      `${name}: ${cpus} CPUs, ${memoryMb} MB, disk of ${diskGb} GB`,
      ...types.map(
        ({ name: type, cores, memory, disk }) =>
          `${type}: ${cores} CPUs, ${memory} GB, disk of ${disk} GB`,
      ),
    ],
    hint: "add a larger type to `serverTypes`, or give the machine less",
  });
}

export interface PlacementOptions {
  readonly settings: Settings;
  readonly offer: Offer;
  readonly machine: MachineSpec;
  /** The server of the machine, if it exists. */
  readonly server: Server | undefined;
  /** Number of placements that had no room: the next ones are tried. */
  readonly attempt: number;
}

/**
 * Chooses where a machine is. A server that exists stays where it is and what it is, if the config
 * still names that. New ones go through the list of the config, so that each attempt of a run is
 * another placement, whichever servers exist by then.
 */
export function choosePlacement(options: PlacementOptions): Placement {
  const { settings, server } = options;
  const choices = placements(options);
  const { location, serverType } = choices[options.attempt % choices.length] ?? choices[0];
  if (server === undefined) return { location, serverType };
  const { server_type: type, location: where } = server;
  return {
    location: settings.locations.includes(where.name) ? where.name : location,
    serverType: settings.serverTypes.includes(type.name) ? type.name : serverType,
  };
}

/** Returns how many placements a machine can have. */
export function countPlacements(
  options: Pick<PlacementOptions, "settings" | "offer" | "machine">,
): number {
  return placements(options).length;
}

/** All types in one location come before the next location, so that a copy stays in one. */
function placements({
  settings,
  offer,
  machine,
}: Pick<PlacementOptions, "settings" | "offer" | "machine">): [Placement, ...Placement[]] {
  const types = typesFor(machine, offer.types);
  const all = settings.locations.flatMap((location) =>
    types
      // A type that a location never has would be refused as invalid, and not as sold out.
      .filter((type) => type.locations.some(({ name }) => name === location))
      .map(({ name }) => ({ location, serverType: name })),
  );
  const [first, ...others] = all;
  if (first !== undefined) return [first, ...others];
  throw new VmrigError("CONFIG_INVALID", {
    message: `hcloud(): no location has a server type for ${machine.name}.`,
    details: types.map(
      ({ name, locations: has }) => `${name} is in ${has.map((one) => one.name).join(", ")}`,
    ),
  });
}
