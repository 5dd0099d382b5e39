import { isVmrigError, type Admission, type MachineRef } from "vmrig/driver";
import { awaitActions } from "../api/action/await-actions.ts";
import type { Client } from "../api/call/client.ts";
import { resetServer } from "../api/server-actions.ts";
import type { Server } from "../api/servers.ts";
import type { ControlSession } from "./control-session.ts";
import { isLetIn } from "./is-let-in.ts";
import { BOOT_MS, openPinned } from "./pinned-session.ts";
import { stillClaimed } from "./claimed-server.ts";
import { settledServer } from "./running-server.ts";
import { shutOut } from "./shut-out.ts";

/** How long a machine that should be up may take to let vmrig in, before it is reset. */
const ANSWER_MS = 60_000;
const RESET_MS = 300_000;

/** The sessions of one restore, each of which a reboot ends. All are closed at its end. */
export class RestoreSessions implements AsyncDisposable {
  readonly #client: Client;
  readonly #ref: MachineRef;
  readonly #by: Admission;
  readonly #sessions: ControlSession[] = [];
  #server: Server;

  constructor(
    client: Client,
    server: Server,
    { ref, by }: { readonly ref: MachineRef; readonly by: Admission },
  ) {
    this.#client = client;
    this.#server = server;
    this.#ref = ref;
    this.#by = by;
  }

  /** Logs in to a machine that may be booting. */
  async open(timeoutMs: number = BOOT_MS, signal = this.#by.signal): Promise<ControlSession> {
    const by = { ...this.#by, signal };
    const session = await openPinned(this.#server, { ref: this.#ref, by, timeoutMs });
    this.#sessions.push(session);
    return session;
  }

  /**
   * Logs in to a machine that was started.
   *
   * @throws VmrigError `CLOUD_UNREACHABLE` if no machine of the rig answers this computer: it may
   *   be shut out, and no recovery must write the disks of machines that are well
   */
  async openStarted(): Promise<ControlSession> {
    try {
      return await this.open();
    } catch (error) {
      const { signal } = this.#by;
      signal.throwIfAborted();
      if (!isVmrigError(error) || error.code !== "MACHINE_UNREACHABLE") throw error;
      if (await isLetIn(this.#client, this.#ref.copy, signal)) throw error;
      throw shutOut(this.#ref, "after it was started", error);
    }
  }

  /** Logs in again. The caller repeats it until its own deadline. */
  reconnect(signal: AbortSignal): Promise<ControlSession> {
    return this.open(BOOT_MS, signal);
  }

  /** Logs in to a machine that should be up, and resets one that does not let vmrig in. */
  async openOrReset(): Promise<ControlSession> {
    const { signal, say } = this.#by;
    try {
      return await this.open(ANSWER_MS);
    } catch (error) {
      signal.throwIfAborted();
      // A reset gives no machine another host key.
      if (!isVmrigError(error) || error.code === "HOST_KEY_MISMATCH") throw error;
      say?.(
        `recover  ${this.#ref.name}: resetting it, which takes a minute, because ${error.summary}`,
      );
    }
    const server = await stillClaimed(this.#client, this.#server, this.#by);
    const actions = await resetServer(this.#client, { of: server, signal });
    const task = `reset the server "${server.name}"`;
    await awaitActions(this.#client, { actions, task, timeoutMs: RESET_MS, signal });
    this.#server = await settledServer(this.#client, server, signal);
    return await this.openStarted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions) await session[Symbol.asyncDispose]();
  }
}
