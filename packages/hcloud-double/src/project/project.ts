import type { Action } from "../actions/action.ts";
import { Actions } from "../actions/actions.ts";
import { Catalog } from "../catalog/catalog.ts";
import { SYSTEM_IMAGES } from "../catalog/images.ts";
import { conflict, locked, unprocessable } from "../http/api-error.ts";
import type { ServerBackend } from "../servers/backend.ts";
import type {
  Firewall,
  Held,
  Image,
  IpType,
  Network,
  PlacementGroup,
  PrimaryIp,
  Server,
  SshKey,
} from "./records.ts";
import { Table } from "./table.ts";

const FIRST_ID = 1001;

interface ProjectOptions {
  readonly backend: ServerBackend;
  readonly now: () => number;
  readonly actionDelay: (action: Action) => Promise<unknown>;
  readonly serverLimit: number;
}

/** Everything that a token gives access to. */
export class Project {
  readonly backend: ServerBackend;
  readonly now: () => number;
  /** More servers are refused. */
  readonly serverLimit: number;
  readonly actions: Actions;
  readonly catalog = new Catalog();
  readonly servers = new Table<Server>("server");
  readonly networks = new Table<Network>("network");
  readonly firewalls = new Table<Firewall>("firewall");
  readonly primaryIps = new Table<PrimaryIp>("primary IP");
  readonly placementGroups = new Table<PlacementGroup>("placement group");
  readonly sshKeys = new Table<SshKey>("SSH key");
  readonly images = new Table<Image>("image", SYSTEM_IMAGES);
  #nextId = FIRST_ID;
  #addresses = 0;

  constructor({ backend, now, actionDelay, serverLimit }: ProjectOptions) {
    this.backend = backend;
    this.now = now;
    this.serverLimit = serverLimit;
    this.actions = new Actions({ delay: actionDelay, timestamp: () => this.timestamp() });
  }

  /** Id and time of a new resource. */
  identity(): { readonly id: number; readonly created: string } {
    return { id: this.#nextId++, created: this.timestamp() };
  }

  /** Number of a new public address. */
  nextAddress(): number {
    return ++this.#addresses;
  }

  timestamp(): string {
    return new Date(this.now()).toISOString().replace(/\.\d+Z$/, "Z");
  }

  primaryIpOf(server: Server, type: IpType): PrimaryIp | undefined {
    return this.primaryIps.all.find((ip) => ip.server === server.id && ip.type === type);
  }

  hasPublicIp(server: Server): boolean {
    return this.primaryIps.all.some((ip) => ip.server === server.id);
  }
}

/** @throws ApiError 423 */
export function requireUnlocked({ id, heldBy }: Server): void {
  if (heldBy.size > 0) throw locked(`server ${id}`);
}

/** @throws ApiError 409 */
export function requireIdle(what: string, { heldBy }: Held): void {
  if (heldBy.size > 0) throw conflict(what);
}

/** @throws ApiError 422 */
export function requireOff({ id, status }: Server): void {
  if (status !== "off") throw unprocessable("server_not_stopped", `server ${id} is ${status}`);
}
