import { spawn } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** A double in a separate process, which several programs can share. */
export interface DoubleProcess extends AsyncDisposable {
  /** For `HCLOUD_ENDPOINT`. */
  readonly endpoint: string;
  /** For `HCLOUD_TOKEN`. */
  readonly token: string;
  readonly pid: number | undefined;
  /** Uses the control of `control-routes.ts`. @throws Error with the reply, if it is an error */
  control(method: "GET" | "POST", path: string, body?: object): Promise<unknown>;
}

const addresses = z.object({ endpoint: z.string(), token: z.string(), control: z.string() });

/**
 * Starts a double in a separate process. It ends when this process does.
 *
 * @throws Error with what the process said
 */
export async function startDoubleProcess(
  options: {
    /** Makes its servers QEMU machines; see `qemuBackend`. */
    readonly imageFolder?: string;
  } = {},
): Promise<DoubleProcess> {
  const extension = extname(fileURLToPath(import.meta.url));
  const program = fileURLToPath(new URL(`../main${extension}`, import.meta.url));
  const args = options.imageFolder === undefined ? [] : [options.imageFolder];
  const child = spawn(process.execPath, [program, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-4000);
  });
  const ended = once(child, "close");
  const line = once(createInterface({ input: child.stdout }), "line") as Promise<string[]>;
  const [first] = await Promise.race([
    line,
    ended.then(() => {
      throw new Error(`the double has ended: ${errors.trim()}`);
    }),
  ]);
  const { endpoint, token, control } = addresses.parse(JSON.parse(first ?? ""));
  return {
    endpoint,
    token,
    pid: child.pid,
    async control(method, path, body) {
      const init = body === undefined ? {} : { body: JSON.stringify(body) };
      const response = await fetch(`${control}${path}`, { method, ...init });
      const reply = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${reply}`);
      return reply === "" ? undefined : (JSON.parse(reply) as unknown);
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
}
