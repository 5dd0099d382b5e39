import type { Dispatcher } from "undici";
import { loadUndici } from "./exchange.ts";

/** Calls that are under way at the same time. */
const CONNECTIONS = 8;
/** A rollback lies between two calls of a run. Idle connections keep no process alive. */
const IDLE_MS = 30_000;

const PROXY_VARIABLES = ["http_proxy", "https_proxy", "no_proxy"].flatMap((name) => [
  name,
  name.toUpperCase(),
]);

/**
 * The connections of this process. They are state of the module on purpose: each call of the driver
 * opens a client, and a new connection costs it two more round trips for TLS. A connection belongs
 * to no token: each request carries its own.
 */
const agents = new Map<string, Promise<Dispatcher>>();

/** Returns the connections that all clients of an endpoint share in this process. */
export function sharedAgent(endpoint: string): Promise<Dispatcher> {
  const key = JSON.stringify([endpoint, ...PROXY_VARIABLES.map((name) => process.env[name])]);
  const agent = agents.get(key) ?? openAgent(endpoint);
  agents.set(key, agent);
  return agent;
}

/** Goes through the proxy of the environment, as Terraform does. No proxy stands on loopback. */
async function openAgent(endpoint: string): Promise<Dispatcher> {
  const { Agent, EnvHttpProxyAgent } = await loadUndici();
  const options = { connections: CONNECTIONS, keepAliveTimeout: IDLE_MS };
  return endpoint.startsWith("http:") ? new Agent(options) : new EnvHttpProxyAgent(options);
}
