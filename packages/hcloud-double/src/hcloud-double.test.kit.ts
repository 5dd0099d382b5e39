import { expect, onTestFinished } from "vitest";
import type { Action } from "./actions/action.ts";
import { replyProblems } from "./fixtures/openapi-replies.ts";
import { HcloudDouble, type HcloudDoubleOptions } from "./hcloud-double.ts";

interface Shown {
  readonly id: number;
  readonly [field: string]: unknown;
}

/** The body of a reply. Tests know what they asked for. */
export interface Body {
  readonly error?: { readonly code: string; readonly message: string };
  readonly action: Action;
  readonly actions: readonly Action[];
  readonly next_actions: readonly Action[];
  readonly server: Shown;
  readonly servers: readonly Shown[];
  readonly network: Shown;
  readonly firewall: Shown;
  readonly image: Shown;
  readonly primary_ip: Shown & { readonly ip: string };
  readonly primary_ips: readonly Shown[];
  readonly placement_group: Shown;
  readonly ssh_key: Shown;
  readonly root_password: string | null;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

export interface Client {
  readonly double: HcloudDouble;
  /** Sends a request, and checks the reply against the OpenAPI. */
  call(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Sends a request that must succeed, waits until its actions have ended, returns its reply. */
  done(method: string, path: string, body?: object): Promise<Body>;
}

export const KEYS = [
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKZY06yTtKdgdViHqPet8FvSw5SrHyPJD8l9E0ODzcs/ one",
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA two",
] as const;

/** What each server needs. */
export const SERVER = { server_type: "cx23", image: "debian-12" };

export async function startDouble(options: HcloudDoubleOptions = {}): Promise<Client> {
  const double = await HcloudDouble.start({
    actionDelay: async () => {},
    ...options,
  });
  onTestFinished(() => double[Symbol.asyncDispose]());
  const call: Client["call"] = (method, path, body) => send(double, { method, path, body });
  return {
    double,
    call,
    done: async (method, path, body) => {
      const answer = await call(method, path, body);
      expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
      await double.project.actions.settle();
      return answer.body;
    },
  };
}

export async function send(
  { endpoint, token }: HcloudDouble,
  request: {
    readonly method: string;
    readonly path: string;
    readonly body?: unknown;
    readonly token?: string;
    readonly signal?: AbortSignal;
  },
): Promise<Answer> {
  const { method, path, body, signal } = request;
  const response = await fetch(`${endpoint}${path}`, {
    method,
    headers: { authorization: `Bearer ${request.token ?? token}` },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    ...(signal && { signal }),
  });
  const text = await response.text();
  const { status, headers } = response;
  const parsed: unknown = text === "" ? undefined : JSON.parse(text);
  const [pathname = ""] = path.split("?");
  expect(replyProblems({ method, path: pathname, status }, parsed)).toEqual([]);
  return { status, headers, body: parsed as Body };
}

/** Matches a refusal. */
export function refusal(status: number, code: string, field?: string): object {
  const fields = field === undefined ? {} : { details: { fields: [{ name: field }] } };
  return { status, body: { error: { code, ...fields } } };
}

/** Creates a server and waits until it runs. Returns its id. */
export async function createServer({ done }: Client, more: object): Promise<number> {
  const { server } = await done("POST", "/servers", { ...SERVER, ...more });
  return server.id;
}
