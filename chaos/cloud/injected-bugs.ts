import { setTimeout as sleep } from "node:timers/promises";

/** Bugs that `--bug` injects into the cloud suite, to see it fail. */
const CLOUD_BUGS = ["resetter", "second-server"] as const;

interface Server {
  readonly id: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** Long enough for the next holder to come. */
const LATER_MS = 20_000;

/**
 * Does nothing, unless `CHAOS_BUG` in the environment names a bug. Call it after a visit.
 *
 * - `resetter`: resets the machine after its lease has ended, whatever fence is on it.
 * - `second-server`: creates a server for a machine that has one, under another name.
 */
export async function injectCloudBug(): Promise<void> {
  const bug = process.env["CHAOS_BUG"];
  if (!CLOUD_BUGS.some((known) => known === bug)) return;
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const { HCLOUD_ENDPOINT, HCLOUD_TOKEN } = process.env;
    const headers = { authorization: `Bearer ${HCLOUD_TOKEN}` };
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    return await (await fetch(`${HCLOUD_ENDPOINT}${path}`, { method, headers, ...init })).json();
  };
  if (bug === "resetter") await sleep(LATER_MS);
  const { servers } = (await call("GET", "/servers")) as { readonly servers: readonly Server[] };
  const [server] = servers;
  if (server === undefined) return;
  if (bug === "resetter") await call("POST", `/servers/${server.id}/actions/reset`);
  else
    await call("POST", "/servers", {
      name: `second-${Date.now()}`,
      server_type: "cx23",
      image: "debian-13",
      location: "fsn1",
      labels: server.labels,
      start_after_create: false,
    });
}
