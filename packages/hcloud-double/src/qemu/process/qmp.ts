import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { z } from "zod";
import { inTime } from "../in-time.ts";

const message = z.union([
  z.object({ QMP: z.unknown() }),
  z.object({ event: z.string(), data: z.record(z.string(), z.unknown()).default({}) }),
  z.object({ return: z.unknown(), id: z.number() }),
  z.object({ error: z.object({ desc: z.string() }), id: z.number().optional() }),
]);

export interface QmpEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const REPLY_MS = 60_000;

/** The control channel of a QEMU process (QEMU Machine Protocol). */
export class Qmp {
  readonly #output: Writable;
  readonly #onEvent: (event: QmpEvent) => void;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #greeting = Promise.withResolvers<void>();
  #fault: Error | undefined;
  #sequence = 0;

  constructor(input: Readable, output: Writable, onEvent: (event: QmpEvent) => void) {
    this.#output = output;
    this.#onEvent = onEvent;
    this.#greeting.promise.catch(() => {});
    createInterface({ input }).on("line", (line) => this.#receive(line));
    // QEMU may have ended.
    output.on("error", (error) => this.fail(error));
  }

  /** Waits for QEMU's greeting, and answers it. */
  async open(): Promise<void> {
    await replyInTime("the greeting", this.#greeting.promise);
    await this.execute("qmp_capabilities");
  }

  /** @throws Error with QEMU's message, if the process has ended, or without a reply in a minute */
  async execute(command: string, parameters?: object): Promise<unknown> {
    if (this.#fault !== undefined) throw this.#fault;
    const id = ++this.#sequence;
    const reply = Promise.withResolvers<unknown>();
    this.#pending.set(id, reply);
    const text = JSON.stringify({ execute: command, id, arguments: parameters });
    this.#output.write(`${text}\n`);
    return await replyInTime(`the reply to ${command}`, reply.promise);
  }

  /** Rejects what waits, and whatever is executed from now on. */
  fail(error: Error): void {
    this.#fault ??= error;
    this.#greeting.reject(error);
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  #receive(line: string): void {
    const parsed = message.parse(JSON.parse(line));
    if ("QMP" in parsed) this.#greeting.resolve();
    else if ("event" in parsed) this.#onEvent(parsed);
    else if ("error" in parsed) this.#take(parsed.id)?.reject(new Error(parsed.error.desc));
    else this.#take(parsed.id)?.resolve(parsed.return);
  }

  #take(id: number | undefined): PromiseWithResolvers<unknown> | undefined {
    const reply = this.#pending.get(id ?? 0);
    this.#pending.delete(id ?? 0);
    return reply;
  }
}

async function replyInTime<T>(what: string, reply: Promise<T>): Promise<T> {
  const result = await inTime(
    REPLY_MS,
    reply.then((value) => ({ value })),
  );
  if (result === undefined) throw new Error(`QEMU: ${what} did not arrive in ${REPLY_MS / 1000} s`);
  return result.value;
}
