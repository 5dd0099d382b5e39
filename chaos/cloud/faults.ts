import { setTimeout as sleep } from "node:timers/promises";
import { one, FAULTS, type Fault, type FaultEffect, type FaultKind } from "../faults.ts";
import { tokenOf, type Cloud, type CloudServer } from "./cloud.ts";
import { orderHarm, type Harm } from "./harm.ts";
import type { CloudOperator } from "./operator.ts";

/** Faults of processes, of Redis and of its network, which the cloud suite has in common. */
const SHARED = [
  "runner-kill",
  "runner-interrupt",
  "worker-kill",
  "gate-kill",
  "gate-pause",
  "run-pause",
  "run-kill",
  "redis-kill",
  "redis-pause",
  "network-black-hole",
  "network-reset",
  "lock-gone",
  "record-gone",
  "terraform-kill",
] as const satisfies readonly (keyof typeof FAULTS)[];

/** Methods of the calls that meet a fault: reads are most of a rollback, and then claims. */
const METHODS = ["GET", "GET", "GET", "PUT", "PUT", "POST"] as const;
/** A person waits for the action that holds the server. */
const FREE_MS = 60_000;

export interface CloudFaultOptions {
  readonly cloud: Cloud;
  readonly operator: Pick<CloudOperator, "repair" | "excuse">;
}

/** Returns all faults of the cloud suite, with their relative frequency. */
export function cloudFaults({ cloud, operator }: CloudFaultOptions) {
  const { control } = cloud;

  /** Something happens to calls of the API, which all runs may make. */
  const onApi = (
    weight: number,
    act: (ms: number, pick: number) => Promise<string | undefined>,
  ): FaultKind => ({
    weight,
    needs: "cloud",
    apply: async ({ ms, pick }) => {
      operator.excuse("*");
      const target = await act(ms, pick);
      return target === undefined ? undefined : { target, sessions: [], over: sleep(ms) };
    },
  });
  /** The next calls of a method meet a fault, unless an earlier fault still waits for them. */
  const calls = async (pick: number, times: number, fault: object): Promise<string | undefined> => {
    const method = one(METHODS, pick) ?? "GET";
    const { left } = (await control("GET", `/request-faults/${method}`)) as { left: number };
    if (left > 0) return undefined;
    await control("POST", "/request-faults", { method, path: "^/", times, fault });
    return `the next ${times} ${method}`;
  };
  const onServer = (
    weight: number,
    act: (server: CloudServer, pick: number) => Promise<Pick<FaultEffect, "over"> | undefined>,
  ): FaultKind => ({
    weight,
    needs: "machine",
    apply: async ({ pick }) => {
      const server = one((await cloud.servers()).filter(isRunning), pick);
      if (server === undefined) return undefined;
      const effect = await act(server, pick);
      return effect && { target: server.name, sessions: [], ...effect };
    },
  });
  const harmed = (weight: number, harm: Harm): FaultKind => ({
    weight,
    needs: "machine",
    apply: async ({ rig: { root } }) => {
      const session = await orderHarm(root, harm);
      return session === undefined
        ? undefined
        : { target: `the machine of ${session}`, sessions: [] };
    },
  });
  const tokenLost: Fault = async ({ crowd, pick, ms }) => {
    const run = one(crowd.runs, pick);
    if (run === undefined) return undefined;
    const token = tokenOf(run.session);
    const set = (access: string) => control("POST", "/tokens", { token, access });
    await set(pick % 2 === 0 ? "read" : "none");
    const over = sleep(ms)
      .then(() => set("read-write"))
      .then(() => {});
    return { target: run.session, sessions: [run.session], over };
  };
  const crash = (server: number) => control("POST", "/crash", { server });

  return {
    ...Object.fromEntries(SHARED.map((name) => [name, FAULTS[name]])),
    "api-unavailable": onApi(3, (_, pick) =>
      calls(pick, 1 + (pick % 4), { kind: "refuse", status: 503, code: "unavailable" }),
    ),
    "api-replies-lost": onApi(3, (_, pick) =>
      calls(pick, 1 + (pick % 2), { kind: "cut-when-done" }),
    ),
    "api-cut": onApi(1, (_, pick) => calls(pick, 1 + (pick % 4), { kind: "cut" })),
    "api-hang": onApi(1, (_, pick) => calls(pick, 1, { kind: "hang" })),
    "api-slow": onApi(2, (ms, pick) => calls(pick, 4, { kind: "slow", delayMs: ms })),
    "api-rate-limit": onApi(2, async (ms) => {
      await control("POST", "/rate-limit", { left: 0 });
      // The other clients of the project pause, too.
      void sleep(ms).then(() => control("POST", "/rate-limit", { left: 3600 }));
      return "all requests of the hour";
    }),
    "token-lost": { weight: 1, apply: tokenLost },
    "server-crash": onServer(3, async ({ id }) => {
      await crash(id);
      return {};
    }),
    "server-off": onServer(2, async ({ id }) => {
      const { status } = await cloud.call("POST", `/servers/${id}/actions/poweroff`);
      return status < 400 ? {} : undefined;
    }),
    "action-fails": onServer(2, async ({ id }) => {
      operator.excuse("*");
      await control("POST", "/action-faults", { command: "start_server" });
      await crash(id);
      return {};
    }),
    "action-hangs": onServer(2, async ({ id }, pick) => {
      const hang_ms = 2_000 + (pick % 15_000);
      await control("POST", "/action-faults", { command: "start_server", hang_ms });
      await crash(id);
      return { over: sleep(hang_ms) };
    }),
    "server-deleted": onServer(1, async ({ id, labels }, pick) => {
      const copy = labels["vmrig-copy"] ?? "";
      operator.excuse(copy);
      if (!(await deleteByHand(cloud, id))) return undefined;
      // No room for the first type of the config.
      const soldOut = pick % 2 === 0 ? { server_type: "cx23", location: "fsn1" } : undefined;
      if (soldOut !== undefined) await control("POST", "/sell-out", soldOut);
      const over = operator.repair(copy).then(async () => {
        if (soldOut !== undefined) await control("POST", "/restock", soldOut);
      });
      return { over };
    }),
    "guest-keys": harmed(1, "keys"),
    "guest-sshd": harmed(2, "sshd"),
    "guest-panic": harmed(2, "panic"),
    "guest-network": harmed(1, "network"),
    "guest-kernel": harmed(2, "kernel"),
    "guest-disk": harmed(1, "disk"),
    "guest-snapshot": harmed(1, "snapshot"),
  } satisfies Readonly<Record<string, FaultKind>>;
}

function isRunning({ status, labels }: CloudServer): boolean {
  return status === "running" && labels["vmrig-machine"] !== undefined;
}

/** Deletes a server as a person does in the console of the project. */
async function deleteByHand({ call }: Cloud, id: number): Promise<boolean> {
  const unprotected = { delete: false, rebuild: false };
  const end = performance.now() + FREE_MS;
  while (performance.now() < end) {
    await call("POST", `/servers/${id}/actions/change_protection`, unprotected);
    const { status } = await call("DELETE", `/servers/${id}`);
    if (status < 400 || status === 404) return status < 400;
    // An action holds it.
    await sleep(500);
  }
  return false;
}
