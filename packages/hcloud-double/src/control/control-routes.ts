import { z } from "zod";
import { check, id, labels } from "../http/body.ts";
import { noContent, ok, route, type Route } from "../http/route.ts";
import type { HcloudDouble } from "../hcloud-double.ts";
import type { Project } from "../project/project.ts";
import type { QemuBackend } from "../qemu/qemu-backend.ts";

const refusal = z.object({
  status: z.int(),
  code: z.string(),
  message: z.string().optional(),
});

const requestFault = z.object({
  method: z.string(),
  /** A pattern. */
  path: z.string(),
  times: z.int().positive().optional(),
  fault: z.discriminatedUnion("kind", [
    refusal.extend({ kind: z.literal("refuse") }),
    refusal.extend({ kind: z.literal("refuse-when-done") }),
    z.object({ kind: z.enum(["cut", "cut-when-done", "hang"]) }),
    z.object({ kind: z.literal("slow"), delayMs: z.number() }),
  ]),
});

const actionFault = z.object({
  command: z.string(),
  code: z.string().optional(),
  message: z.string().optional(),
  times: z.int().positive().optional(),
  /** The actions do not fail: all of them are held up until this time from now has passed. */
  hang_ms: z.int().positive().optional(),
});

const kill = z.object({ changes: z.int().positive(), pids: z.array(z.int()).min(1) });
const stock = z.object({ server_type: z.string(), location: z.string().optional() });
const snapshot = z.object({ description: z.string(), image: z.string(), labels });
const access = z.object({ token: z.string(), access: z.enum(["read-write", "read", "none"]) });

interface Controlled {
  readonly double: HcloudDouble;
  /** Undefined if servers are only records. */
  readonly backend: QemuBackend | undefined;
}

/** What a test does to a double that runs in another process. */
export function controlRoutes({ double, backend }: Controlled): Route[] {
  const { project, requestFaults, actionFaults, rateLimit, tokens } = double;
  return [
    route("GET", "/calls", () => ok({ calls: double.calls })),
    route("GET", "/servers", () =>
      ok({
        servers: project.servers.all.map(({ id, name, status, labels, boots, bootedFrom }) => ({
          id,
          name,
          status,
          labels,
          boots,
          bootedFrom,
          pid: backend?.pid(id) ?? null,
          console: backend?.consoleFile(id) ?? null,
        })),
      }),
    ),
    route("GET", "/resources", () => ok({ resources: resourcesOf(project) })),
    route("GET", "/request-faults/:method", ({ ids: [method = ""] }) =>
      ok({ left: requestFaults.left(method) }),
    ),
    post("/request-faults", requestFault, ({ fault, path, method, times = 1 }) => {
      requestFaults.add({ method, path: new RegExp(path), times }, fault);
    }),
    post("/action-faults", actionFault, ({ command, hang_ms, ...fault }) => {
      if (hang_ms === undefined) return actionFaults.fail(command, fault);
      const held = actionFaults.hang(command, { times: fault.times ?? 1 });
      setTimeout(() => held.release(), hang_ms).unref();
    }),
    post("/kill-after", kill, ({ changes, pids }) => double.killAfter(changes, pids)),
    post("/rate-limit", z.object({ left: z.int().nonnegative() }), ({ left }) =>
      rateLimit.leave(left),
    ),
    post("/sell-out", stock, ({ server_type, location }) =>
      project.catalog.sellOut(server_type, location),
    ),
    post("/restock", stock, ({ server_type, location }) =>
      project.catalog.restock(server_type, location),
    ),
    post("/tokens", access, ({ token, access }) => {
      if (access === "none") tokens.delete(token);
      else tokens.set(token, access);
    }),
    post("/snapshots", snapshot, (wish) => addSnapshot(project, wish)),
    // As if the computer under the server failed.
    post("/crash", z.object({ server: id }), ({ server }) => {
      const pid = backend?.pid(server);
      if (pid !== undefined) process.kill(pid, "SIGKILL");
    }),
  ];
}

/** Everything that exists, beside images. */
function resourcesOf({
  servers,
  networks,
  firewalls,
  placementGroups,
  sshKeys,
  primaryIps,
}: Project): object[] {
  const tables = { servers, networks, firewalls, placementGroups, sshKeys, primaryIps };
  return Object.entries(tables).flatMap(([kind, { all }]) =>
    all.map(({ id, name }) => ({ kind, id, name })),
  );
}

/** Adds a snapshot with the content of a system image, without a server that it is made of. */
function addSnapshot(project: Project, { image, ...wish }: z.output<typeof snapshot>): void {
  const system = project.images.find(image, "image");
  project.images.add({
    ...system,
    ...project.identity(),
    ...wish,
    type: "snapshot",
    name: null,
    image_size: system.disk_size,
    rapid_deploy: false,
  });
}

function post<T extends z.ZodType>(
  path: string,
  schema: T,
  act: (wish: z.output<T>) => unknown,
): Route {
  return route("POST", path, ({ body }) => {
    act(check(schema, body));
    return noContent();
  });
}
