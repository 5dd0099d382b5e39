import { setTimeout } from "node:timers/promises";
import { ApiError, hasCode, type ErrorBody } from "./api-error.ts";
import { sendRequest } from "./http.ts";
import { growingPause, randomPause, type Pause } from "./pause.ts";
import type { Action, Reply } from "./reply.ts";

const RETRIES = 5;
const ACTIONS_PER_REQUEST = 25;
const RETRIED_CODES = ["conflict", "rate_limit_exceeded", "bad_gateway", "timeout"] as const;

export interface ApiOptions {
  readonly endpoint: string;
  readonly token: string;
  /** Before each poll of actions; 500 ms, 1 s, 2 s … if not set. */
  readonly pollPause?: Pause;
}

/** Calls the API as hcloud-go 2.47 does: the same headers, retries and polls. */
export class Api {
  readonly #options: Required<ApiOptions>;

  constructor(options: ApiOptions) {
    this.#options = { pollPause: growingPause(500), ...options };
  }

  async get(path: string): Promise<Reply> {
    return await this.#call("GET", path);
  }

  /** Returns `undefined` for what does not exist. */
  async find(path: string): Promise<Reply | undefined> {
    try {
      return await this.get(path);
    } catch (error) {
      if (hasCode(error, "not_found")) return undefined;
      throw error;
    }
  }

  async post(path: string, body?: object): Promise<Reply> {
    return await this.#call("POST", path, body);
  }

  async put(path: string, body: object): Promise<Reply> {
    return await this.#call("PUT", path, body);
  }

  async delete(path: string): Promise<Reply> {
    return await this.#call("DELETE", path);
  }

  /** Sends a POST, and waits for its action. */
  async act(path: string, body?: object): Promise<void> {
    const { action, actions = [] } = await this.post(path, body);
    await this.waitFor(action, ...actions);
  }

  /** Waits until the actions have ended. Throws what the first failed one says. */
  async waitFor(...actions: readonly (Action | null | undefined)[]): Promise<void> {
    const shown = actions.filter((action) => action !== null && action !== undefined);
    let running = new Set(check(shown));
    for (let polls = 0; running.size > 0; polls++) {
      await setTimeout(this.#options.pollPause(polls));
      const asked = [...running].sort((a, b) => a - b);
      const updates: Action[] = [];
      while (asked.length > 0) updates.push(...(await this.#actions(asked)));
      const missing = [...running].filter((id) => !updates.some((update) => update.id === id));
      if (missing.length > 0) throw new Error(`actions not found: [${missing.join(" ")}]`);
      running = new Set(check(updates));
    }
  }

  async #actions(ids: number[]): Promise<readonly Action[]> {
    const query = ids.splice(0, ACTIONS_PER_REQUEST).map((id) => `id=${id}`);
    const { actions = [] } = await this.get(
      `/actions?${query.join("&")}&page=1&sort=status&sort=id`,
    );
    return actions;
  }

  async #call(method: string, path: string, body?: object): Promise<Reply> {
    for (let retries = 0; ; retries++) {
      try {
        return await this.#send(method, path, body);
      } catch (error) {
        if (retries === RETRIES || !isRetried(error)) throw error;
        await setTimeout(randomPause(retries));
      }
    }
  }

  async #send(method: string, path: string, content?: object): Promise<Reply> {
    const { endpoint, token } = this.#options;
    const headers = {
      authorization: `Bearer ${token}`,
      "user-agent": "hcloud-terraform/1.68.0 hcloud-go/2.47.0",
      accept: "application/json",
    };
    const { status, body, correlationId } = await sendRequest(new URL(endpoint + path), method, {
      headers: content ? { ...headers, "content-type": "application/json" } : headers,
      ...(content && { body: JSON.stringify(content) }),
    });
    if (status < 400) return body === "" ? {} : (JSON.parse(body) as Reply);
    const error = errorIn(body) ?? {
      code: "",
      message: `hcloud: server responded with status code ${status}`,
    };
    throw new ApiError(status, error, correlationId);
  }
}

function isRetried(error: unknown): boolean {
  if (hasCode(error, ...RETRIED_CODES)) return true;
  return error instanceof ApiError && error.code === "" && [502, 504].includes(error.status);
}

/** Returns the ids of the running actions. */
function check(actions: readonly Action[]): number[] {
  for (const { id, status, error } of actions)
    if (status === "error") throw new Error(`${error?.message} (${error?.code}, ${id})`);
  return actions.filter(({ status }) => status === "running").map(({ id }) => id);
}

function errorIn(body: string): ErrorBody | undefined {
  try {
    return (JSON.parse(body) as { readonly error?: ErrorBody }).error;
  } catch {
    return undefined;
  }
}
