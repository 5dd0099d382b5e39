import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { mkdir } from "node:fs/promises";
import { installProvider, startDoubleProcess, type DoubleProcess } from "@vmrig/hcloud-double";
import { openFolders } from "vmrig/runner";
import type { MachineConsole } from "../consoles.ts";
import type { ChaosRig } from "../rig/chaos-rig.ts";
import type { DoneCall } from "./judge-calls.ts";

/** A server as the suite sees it, past vmrig. */
export interface CloudServer {
  readonly id: number;
  readonly name: string;
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  /** File of its console. */
  readonly console: string | null;
}

/** Something of the project. */
export interface CloudResource {
  /** `servers`, `sshKeys`, … */
  readonly kind: string;
  readonly id: number;
  readonly name: string;
}

/** The project in the cloud that all runs share: a double of the API, whose servers are machines. */
export interface Cloud extends AsyncDisposable {
  readonly control: DoubleProcess["control"];
  /** Returns what a run needs to call the API. Each run has its own token, which the log shows. */
  readonly envOf: (session: string) => NodeJS.ProcessEnv;
  /** Calls the API as a person does, in the console of the project. */
  readonly call: (method: string, path: string, body?: object) => Promise<Answer>;
  servers(): Promise<readonly CloudServer[]>;
  /** Returns all calls so far. */
  calls(): Promise<readonly DoneCall[]>;
  /** Returns everything that exists, beside images. */
  resources(): Promise<readonly CloudResource[]>;
  /** Returns the consoles of the servers. */
  readonly consoles: () => Promise<readonly MachineConsole[]>;
}

export interface Answer {
  /** 599: there is no reply, because of a fault. */
  readonly status: number;
  readonly body: unknown;
}

/** How long a list of servers is good enough to read their consoles. */
const LIST_MS = 250;
/** Who runs the command `vmrig`. */
const OPERATOR = "operator";
/** The provider refuses a token of another length. */
const TOKEN_LENGTH = 64;

/** Returns the token of a run; nothing in a name of a run is a dot. */
export function tokenOf(session: string): string {
  return session.padEnd(TOKEN_LENGTH, ".");
}

/** Returns the run of a token; `undefined` for that of a person. */
export function sessionOf(token: string): string | undefined {
  return /^([^.]+)\.+$/.exec(token)?.[1];
}

/**
 * Starts the cloud, with the image of this computer as a published one, and adds its addresses to
 * the environment of the rig.
 */
export async function startCloud({ root, env }: Pick<ChaosRig, "root" | "env">): Promise<Cloud> {
  await using stack = new AsyncDisposableStack();
  const { cache } = await openFolders(env);
  const double = stack.use(
    await startDoubleProcess({ imageFolder: join(cache, "images", "debian-13") }),
  );
  // As `vmrig image publish` would have uploaded it.
  await double.control("POST", "/snapshots", {
    image: "103",
    description: "debian-13",
    labels: { "vmrig-image": "recipe-1", "vmrig-image-name": "debian-13" },
  });
  const folder = join(root, "terraform");
  await mkdir(folder);
  const { cliConfig } = await installProvider(folder);
  Object.assign(env, {
    HCLOUD_ENDPOINT: double.endpoint,
    TF_CLI_CONFIG_FILE: cliConfig,
    VMRIG_STATE_KEY: randomBytes(32).toString("base64"),
  });
  const cloud = cloudOf(double);
  Object.assign(env, cloud.envOf(OPERATOR));
  const owned = stack.move();
  return Object.assign(cloud, {
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  });
}

/** The part of a cloud that needs nothing but its double. */
export function cloudOf({
  control,
  endpoint,
  token,
}: Pick<DoubleProcess, "control" | "endpoint" | "token">): Omit<Cloud, keyof AsyncDisposable> {
  const call = async (method: string, path: string, body?: object): Promise<Answer> => {
    const headers = { authorization: `Bearer ${token}` };
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(`${endpoint}${path}`, { method, headers, ...init }).catch(
      () => undefined,
    );
    const text = (await response?.text()) ?? "";
    return { status: response?.status ?? 599, body: text === "" ? undefined : JSON.parse(text) };
  };
  const servers = async (): Promise<readonly CloudServer[]> =>
    ((await control("GET", "/servers")) as { readonly servers: readonly CloudServer[] }).servers;
  const fences = new Map<number, number>();
  const largestFence = async (id: number): Promise<number> => {
    for (const server of await servers())
      fences.set(server.id, Number(server.labels["vmrig-fence"] ?? 0));
    return fences.get(id) ?? 0;
  };
  let listed: { readonly at: number; readonly consoles: readonly MachineConsole[] } | undefined;

  return {
    control,
    envOf(session) {
      // It answers long before the gate has read the config. Without its answer the suite ends.
      void control("POST", "/tokens", { token: tokenOf(session), access: "read-write" });
      return { HCLOUD_TOKEN: tokenOf(session) };
    },
    call,
    servers,
    async calls() {
      const { calls } = (await control("GET", "/calls")) as { readonly calls: readonly DoneCall[] };
      return calls;
    },
    async resources() {
      const all = await control("GET", "/resources");
      return (all as { readonly resources: readonly CloudResource[] }).resources;
    },
    async consoles() {
      if (listed === undefined || performance.now() - listed.at > LIST_MS) {
        const consoles = (await servers()).flatMap(({ id, labels, console }) => {
          const { "vmrig-copy": copy, "vmrig-machine": machine } = labels;
          if (copy === undefined || machine === undefined || console === null) return [];
          return [{ copy, machine, file: console, largestFence: () => largestFence(id) }];
        });
        listed = { at: performance.now(), consoles };
      }
      return listed.consoles;
    },
  };
}
