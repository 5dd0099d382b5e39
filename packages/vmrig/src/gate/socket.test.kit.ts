import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { VmrigError } from "../errors/vmrig-error.ts";
import { connectGate } from "../protocol/client.ts";
import type { GateClient } from "../protocol/gate-client.ts";
import type { Gate } from "./gate.ts";
import type { Grant, PauseListener } from "../protocol/messages.ts";
import { serveGate, type GateServer } from "./server.ts";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";
import { waitFor } from "../wait/wait-for.ts";

export function grantOf(claim: string): Grant {
  const target = {
    host: "127.0.0.1",
    port: 1,
    user: "vmrig",
    hostKey: "ssh-ed25519 AAAA",
    privateKey: "key",
  };
  return {
    claim,
    copy: "pcs-1",
    fence: 7,
    fresh: true,
    baseline: "0123456789abcdef",
    guest: "linux",
    nonce: `nonce of ${claim}`,
    machines: [{ name: "pc1", lanAddress: "10.77.0.11", target }],
  };
}

/** A gate without leases and machines, which records its calls. */
export interface PaperGate extends Gate {
  readonly asked: string[];
  readonly leases: Map<string, AbortController>;
  /** Ends the run early. */
  end(reason: VmrigError): void;
  /** Every claim waits for this promise. */
  line: Promise<void>;
}

export function paperGate(): PaperGate {
  const asked: string[] = [];
  const leases = new Map<string, AbortController>();
  const overs = new Set<(reason: VmrigError) => void>();
  const listeners = new Set<PauseListener>();
  let goOn = (): void => {};
  const gate: PaperGate = {
    asked,
    leases,
    line: Promise.resolve(),
    welcome: {
      rig: "pcs",
      machines: ["pc1"],
      rollback: "file",
      copies: 1,
      strict: false,
      onBusy: "wait",
      evidence: { files: [], secrets: [], timeoutMs: 10_000 },
    },
    async claim(rollback, signal) {
      const id = `claim-${leases.size + 1}`;
      leases.set(id, new AbortController());
      asked.push(`claim ${rollback}`);
      signal?.addEventListener("abort", () => asked.push(`${id} was called off`));
      await gate.line;
      return grantOf(id);
    },
    async rollBack(id) {
      asked.push(`rollback ${id}`);
      return { ...grantOf(id), nonce: "another" };
    },
    begin: () => void asked.push("begin"),
    expect: (count) => void asked.push(`expect ${count}`),
    async recover(id, unhealthy) {
      for (const { machine, error } of unhealthy)
        asked.push(`recover ${id} ${machine}: ${error.code} ${error.message}`);
      return { ...grantOf(id), nonce: "recovered" };
    },
    control(id, { kind }) {
      asked.push(`${kind} ${id}`);
      return Promise.resolve({ machines: [] });
    },
    onOver(callback) {
      overs.add(callback);
      return () => overs.delete(callback);
    },
    async console(id, machine) {
      asked.push(`console ${id} ${machine}`);
      return `the console of ${machine}`;
    },
    async pause(id, { test }) {
      asked.push(`pause ${id} at ${test}`);
      const pause = {
        claim: id,
        copy: "pcs-1",
        copies: 1,
        machines: ["pc1"],
        until: 1,
        test,
        error: "no",
      };
      const going = Promise.withResolvers<void>();
      goOn = going.resolve;
      for (const { paused } of listeners) paused(pause);
      await going.promise;
      for (const { resumed } of listeners) resumed(id);
    },
    resume(id) {
      asked.push(`resume ${id}`);
      goOn();
    },
    onPause(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    end: (reason) => overs.forEach((callback) => callback(reason)),
    release(id) {
      asked.push(`release ${id}`);
    },
    lost(id) {
      const lease = leases.get(id);
      if (lease === undefined) throw new VmrigError("LEASE_LOST", { message: `No claim ${id}.` });
      return lease.signal;
    },
    close: async () => void asked.push("close"),
    [Symbol.asyncDispose]: () => gate.close(),
  };
  return gate;
}

/** Waits until the gate has recorded the call. */
export async function asked(gate: PaperGate, what: string): Promise<void> {
  await waitFor({
    what: `"${what}" to arrive`,
    timeoutMs: 10_000,
    intervalMs: 5,
    probe: async () =>
      gate.asked.includes(what) ? { value: undefined } : { seen: gate.asked.join(", ") },
  });
}

export interface ServedGate {
  readonly path: string;
  readonly server: GateServer;
  client(): Promise<GateClient>;
  /**
   * Opens a connection for raw lines. `next` resolves with the next line, or with the way in which
   * the connection ended.
   */
  raw(): Promise<{
    readonly socket: Socket;
    send(text: string | Uint8Array): void;
    next(): Promise<unknown>;
  }>;
}

export async function serve(gate: Promise<Gate>): Promise<ServedGate> {
  gate.catch(() => {});
  const path = join(await tempFolder(), "gate");
  const server = await serveGate(path, gate);
  onTestFinished(() => server.close());
  return {
    path,
    server,
    async client() {
      const client = await connectGate(path);
      onTestFinished(() => client.close());
      return client;
    },
    async raw() {
      const socket = connect(path);
      await new Promise<void>((resolve, reject) =>
        socket.once("error", reject).once("connect", resolve),
      );
      onTestFinished(() => void socket.destroy());
      const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
      return {
        socket,
        send: (text) => void socket.write(text),
        async next() {
          const { value, done } = await lines.next();
          return done === true ? "closed" : (JSON.parse(value) as unknown);
        },
      };
    },
  };
}
