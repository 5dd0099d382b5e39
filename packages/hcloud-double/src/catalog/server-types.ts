import { LOCATIONS } from "./locations.ts";
import type { Deprecation, ServerType } from "./offers.ts";
import { serverPrices } from "./prices.ts";

const EUROPE = ["fsn1", "nbg1", "hel1"];
const EVERYWHERE = LOCATIONS.map(({ name }) => name);

interface Row {
  readonly id: number;
  readonly name: string;
  readonly cores: number;
  readonly memory: number;
  readonly disk: number;
  /** Net price in EUR. */
  readonly monthly: number;
  readonly locations?: readonly string[];
  readonly category?: string;
  readonly architecture?: string;
  readonly cpuType?: string;
  readonly deprecation?: Deprecation;
}

const ROWS: readonly Row[] = [
  { id: 114, name: "cx23", cores: 2, memory: 4, disk: 40, monthly: 2.99 },
  { id: 115, name: "cx33", cores: 4, memory: 8, disk: 80, monthly: 4.99 },
  { id: 116, name: "cx43", cores: 8, memory: 16, disk: 160, monthly: 8.99 },
  {
    id: 109,
    name: "cpx22",
    cores: 2,
    memory: 4,
    disk: 80,
    monthly: 5.99,
    locations: EVERYWHERE,
    category: "regular_purpose",
  },
  { id: 45, name: "cax11", cores: 2, memory: 4, disk: 40, monthly: 3.29, architecture: "arm" },
  {
    id: 97,
    name: "ccx13",
    cores: 2,
    memory: 8,
    disk: 80,
    monthly: 11.99,
    locations: EVERYWHERE,
    category: "general_purpose",
    cpuType: "dedicated",
  },
  {
    id: 104,
    name: "cx22",
    cores: 2,
    memory: 4,
    disk: 40,
    monthly: 3.29,
    deprecation: {
      announced: "2025-10-01T00:00:00Z",
      unavailable_after: "2026-01-01T00:00:00Z",
    },
  },
];

export function serverTypes(): ServerType[] {
  return ROWS.map(toServerType);
}

function toServerType(row: Row): ServerType {
  const { id, name, cores, memory, disk, locations = EUROPE, deprecation = null } = row;
  const offered = LOCATIONS.filter((location) => locations.includes(location.name));
  return {
    id,
    name,
    description: name.toUpperCase(),
    category: row.category ?? "cost_optimized",
    cores,
    memory,
    disk,
    storage_type: "local",
    cpu_type: row.cpuType ?? "shared",
    architecture: row.architecture ?? "x86",
    deprecated: deprecation !== null,
    deprecation,
    prices: serverPrices(locations, row.monthly),
    locations: offered.map((location) => ({
      id: location.id,
      name: location.name,
      recommended: deprecation === null,
      available: true,
      deprecation,
    })),
  };
}
