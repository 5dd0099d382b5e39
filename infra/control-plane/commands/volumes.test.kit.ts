import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { HcloudDouble } from "@vmrig/hcloud-double";

interface Volume {
  readonly id: number;
  readonly name: string;
  readonly location: string;
  size: number;
  server: number | null;
  isProtected: boolean;
  labels: Readonly<Record<string, string>>;
}

interface VolumeBody {
  readonly name?: string;
  readonly location?: string;
  readonly size?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly server?: number;
  readonly delete?: boolean;
}

const FIRST_ID = 900_001;

/**
 * A cloud with volumes, which the double does not have: answers what the provider asks about them,
 * as https://docs.hetzner.cloud/reference/cloud#volumes describes it, and passes the rest on. Every
 * action has ended when it is answered.
 */
export class CloudWithVolumes implements AsyncDisposable {
  readonly volumes = new Map<number, Volume>();
  readonly #double: HcloudDouble;
  readonly #http: Server;
  #nextId = FIRST_ID;

  private constructor(double: HcloudDouble) {
    this.#double = double;
    this.#http = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  static async before(double: HcloudDouble): Promise<CloudWithVolumes> {
    const cloud = new CloudWithVolumes(double);
    cloud.#http.listen(0, "127.0.0.1");
    await once(cloud.#http, "listening");
    return cloud;
  }

  /** For `HCLOUD_ENDPOINT`. */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/v1`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http.closeAllConnections();
    await new Promise((closed) => this.#http.close(closed));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "" } = request;
    const [, id, action] = /^\/v1\/volumes(?:\/(\d+))?(?:\/actions\/(\w+))?$/.exec(url) ?? [];
    const isVolume = url.startsWith("/v1/volumes");
    const body = await text(request);
    const { status, reply } = isVolume
      ? this.#change(method, { id, action, body: parse(body) })
      : await this.#passOn(request, body);
    response.writeHead(status, reply === undefined ? {} : { "Content-Type": "application/json" });
    response.end(reply === undefined ? undefined : JSON.stringify(reply));
  }

  async #passOn(
    { method = "", url = "", headers }: IncomingMessage,
    body: string,
  ): Promise<{ readonly status: number; readonly reply: unknown }> {
    const { authorization = "" } = headers;
    const answer = await fetch(this.#double.endpoint.replace("/v1", url), {
      method,
      headers: { authorization, "content-type": "application/json" },
      ...(body !== "" && { body }),
    });
    const reply = await answer.text();
    return {
      status: answer.status,
      reply: reply === "" ? undefined : (JSON.parse(reply) as unknown),
    };
  }

  #change(
    method: string,
    {
      id,
      action,
      body,
    }: {
      readonly id: string | undefined;
      readonly action: string | undefined;
      readonly body: VolumeBody;
    },
  ): { readonly status: number; readonly reply: unknown } {
    if (method === "POST" && id === undefined) return this.#create(body);
    const volume = this.volumes.get(Number(id));
    if (volume === undefined) return refuse(404, "not_found");
    if (action !== undefined) {
      if (action === "attach") volume.server = body.server ?? null;
      if (action === "detach") volume.server = null;
      if (action === "change_protection") volume.isProtected = body.delete === true;
      return { status: 201, reply: { action: ended(action, volume) } };
    }
    if (method === "DELETE") {
      if (volume.isProtected) return refuse(423, "protected");
      if (volume.server !== null) return refuse(422, "volume_still_attached");
      this.volumes.delete(volume.id);
      return { status: 204, reply: undefined };
    }
    if (method === "PUT" && body.labels !== undefined) volume.labels = body.labels;
    return { status: 200, reply: { volume: show(volume) } };
  }

  #create({ name = "", location = "", size = 0, labels = {} }: VolumeBody) {
    if ([...this.volumes.values()].some((other) => other.name === name))
      return refuse(409, "uniqueness_error");
    const id = this.#nextId++;
    const volume = { id, name, location, size, labels, server: null, isProtected: false };
    this.volumes.set(id, volume);
    const reply = {
      volume: show(volume),
      action: ended("create_volume", volume),
      next_actions: [],
    };
    return { status: 201, reply };
  }
}

function parse(body: string): VolumeBody {
  return body === "" ? {} : (JSON.parse(body) as VolumeBody);
}

function show({ id, name, location, size, server, isProtected, labels }: Volume): object {
  return {
    id,
    name,
    size,
    server,
    labels,
    location: { id: 1, name: location, description: "", country: "DE", network_zone: "eu-central" },
    linux_device: `/dev/disk/by-id/scsi-0HC_Volume_${id}`,
    protection: { delete: isProtected },
    status: "available",
    format: null,
    created: "2026-01-01T00:00:00+00:00",
  };
}

function ended(command: string, { id }: Volume): object {
  const started = "2026-01-01T00:00:00+00:00";
  const resources = [{ id, type: "volume" }];
  return {
    id: 1,
    command,
    status: "success",
    progress: 100,
    started,
    finished: started,
    resources,
    error: null,
  };
}

function refuse(status: number, code: string): { status: number; reply: object } {
  return { status, reply: { error: { code, message: code, details: null } } };
}
