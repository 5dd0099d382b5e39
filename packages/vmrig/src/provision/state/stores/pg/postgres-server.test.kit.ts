import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chown, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { existsSync } from "node:fs";
import { Client } from "pg";
import { waitFor } from "../../../../wait/wait-for.ts";

const run = promisify(execFile);

/** Real PostgreSQL of one test file, on a unix socket in a separate folder. */
export class PostgresServer implements AsyncDisposable {
  readonly folder: string;
  readonly #programs: string;
  readonly #user: { readonly uid: number; readonly gid: number } | undefined;
  #child: ChildProcess | undefined;

  private constructor(
    folder: string,
    programs: string,
    user: { readonly uid: number; readonly gid: number } | undefined,
  ) {
    this.folder = folder;
    this.#programs = programs;
    this.#user = user;
  }

  static async start(): Promise<PostgresServer> {
    const folder = await mkdtemp(join(tmpdir(), "vmrig-test-"));
    const user = await unprivilegedUser();
    if (user !== undefined) await chown(folder, user.uid, user.gid);
    const server = new PostgresServer(folder, await findPrograms(), user);
    try {
      const args = ["-D", join(folder, "data"), "-U", "admin", "-A", "trust", "--no-sync"];
      await run(join(server.#programs, "initdb"), [...args, "--encoding", "UTF8"], {
        ...user,
        cwd: folder,
      });
      await server.#start();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  get socketPath(): string {
    return join(this.folder, ".s.PGSQL.5432");
  }

  /** Address on the unix socket, as this user of the database. */
  urlFor(user: string): string {
    return `postgres://${user}@/postgres?host=${encodeURIComponent(this.folder)}`;
  }

  async admin(sql: string): Promise<void> {
    const client = new Client({ connectionString: this.urlFor("admin") });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  }

  /** Kills the server, as a crash does, and starts it again with its data. */
  async restart(): Promise<void> {
    await this.#kill();
    await this.#start();
  }

  async #start(): Promise<void> {
    const settings = ["listen_addresses=", `unix_socket_directories=${this.folder}`];
    const args = ["-D", join(this.folder, "data"), ...settings.flatMap((one) => ["-c", one])];
    this.#child = spawn(join(this.#programs, "postgres"), args, {
      ...this.#user,
      cwd: this.folder,
      stdio: "ignore",
    });
    await waitFor({
      what: "the test's PostgreSQL",
      timeoutMs: 20_000,
      intervalMs: 20,
      probe: () =>
        this.admin("select 1").then(
          () => ({ value: undefined }),
          (error: unknown) => ({ seen: String(error) }),
        ),
    });
  }

  /** The processes of its sessions end by themselves when their parent is gone. */
  async #kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    // SIGQUIT is PostgreSQL's immediate shutdown: no checkpoint, recovery at the next start.
    child.kill("SIGQUIT");
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Debian keeps the programs of each version in a folder outside of PATH. */
async function findPrograms(): Promise<string> {
  const debian = "/usr/lib/postgresql";
  const versions = (await readdir(debian).catch(() => [])).map(Number).sort((a, b) => b - a);
  const folders = [
    ...versions.map((version) => join(debian, String(version), "bin")),
    ...(process.env["PATH"] ?? "").split(delimiter),
  ];
  const found = folders.find((folder) => existsSync(join(folder, "initdb")));
  if (found === undefined)
    throw new Error("this test needs PostgreSQL: install the package postgresql");
  return found;
}

/** PostgreSQL refuses to run as root. Its package creates a user for it. */
async function unprivilegedUser() {
  if (process.getuid?.() !== 0) return undefined;
  const id = async (flag: string) => Number((await run("id", [flag, "postgres"])).stdout);
  return { uid: await id("-u"), gid: await id("-g") };
}
