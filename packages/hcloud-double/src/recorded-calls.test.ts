import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { startDouble, type Body, type Client } from "./hcloud-double.test.kit.ts";

/** A call of a client, and how a double that the client accepted replied. */
interface RecordedCall {
  readonly call: string;
  readonly body?: object;
  readonly status: number;
  readonly code?: string;
  /** Ids of the actions in the reply of a change. */
  readonly started?: readonly number[];
  /** Ids of actions that this reply was the first to show as ended. */
  readonly ended?: readonly number[];
}

async function recordedCalls(client: string): Promise<RecordedCall[]> {
  const file = new URL(`fixtures/${client}-calls.jsonl`, import.meta.url);
  const lines = (await readFile(file, "utf8")).trim().split("\n");
  return lines.map((line) => JSON.parse(line) as RecordedCall);
}

/** Repeats a recording. Actions end when they were seen to end. */
class Replay {
  readonly #gates = new Map<number, PromiseWithResolvers<void>>();
  /** Ids of actions by recorded ids. */
  readonly #ids = new Map<number, number>();
  readonly #everEnded: ReadonlySet<number>;
  readonly #calls: readonly RecordedCall[];

  constructor(calls: readonly RecordedCall[]) {
    this.#calls = calls;
    this.#everEnded = new Set(calls.flatMap(({ ended = [] }) => ended));
  }

  /** Returns what differs from the recording. */
  async run(): Promise<string[]> {
    const client = await startDouble({ actionDelay: ({ id }) => this.#gate(id).promise });
    client.double.project.catalog.sellOut("ccx13", "hel1");
    const different: string[] = [];
    for (const recorded of this.#calls) {
      for (const id of recorded.ended ?? []) this.#gate(this.#ids.get(id) ?? 0).resolve();
      const seen = await this.#send(client, recorded);
      const expected = [recorded.status, recorded.code].join(" ");
      if (seen !== expected) different.push(`${recorded.call}: ${seen}, not ${expected}`);
    }
    return different;
  }

  async #send({ call, double }: Client, recorded: RecordedCall): Promise<string> {
    const [method = "", recordedPath = ""] = recorded.call.split(" ");
    const path = recordedPath.replaceAll(/\d{15}/g, (id) => String(this.#ids.get(Number(id))));
    const { status, body } = await call(method, path, recorded.body);
    const { error, action, actions = [], next_actions = [] } = (body ?? {}) as Partial<Body>;
    const shown = [...(action ? [action] : []), ...next_actions, ...actions];
    for (const [index, id] of (recorded.started ?? []).entries())
      this.#ids.set(id, shown[index]?.id ?? 0);
    this.#endUnseen(double.project.actions.all.map(({ id }) => id));
    const ended = new Set(recorded.ended?.map((id) => this.#ids.get(id)));
    const stillRunning = shown.filter(
      ({ id, status: state }) => ended.has(id) && state === "running",
    );
    return [status, error?.code, ...stillRunning.map(({ id }) => `${id} runs`)].join(" ");
  }

  /** Actions that the client never saw end do so at once. */
  #endUnseen(ids: readonly number[]): void {
    const seen = [...this.#ids].filter(([recorded]) => this.#everEnded.has(recorded));
    const willEnd = new Set(seen.map(([, id]) => id));
    for (const id of ids) if (!willEnd.has(id)) this.#gate(id).resolve();
  }

  #gate(id: number): PromiseWithResolvers<void> {
    const gate = this.#gates.get(id) ?? Promise.withResolvers<void>();
    this.#gates.set(id, gate);
    return gate;
  }
}

test.for([
  ["provider", "terraform-provider-hcloud 1.68", 200],
  ["cli", "hcloud 1.67", 200],
  ["python", "hcloud-python 2.27", 200],
  ["npm", "clients of npm", 30],
  // One or more for each rule of the vendor's documentation.
  ["rules", "plain requests", 300],
] as const)("%s: replies to %s as recorded, in the schemas of the OpenAPI", async (recording) => {
  const [client, , atLeast] = recording;
  const calls = await recordedCalls(client);
  expect(await new Replay(calls).run()).toEqual([]);
  expect(calls.length).toBeGreaterThan(atLeast);
});
