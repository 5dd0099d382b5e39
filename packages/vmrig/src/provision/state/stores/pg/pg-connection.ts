import { Pool } from "pg";
import type { Clock } from "../../../../clock/clock.ts";
import { describeThrown } from "../../../../errors/thrown.ts";
import { VmrigError } from "../../../../errors/vmrig-error.ts";
import { waitFor, type Observation } from "../../../../wait/wait-for.ts";
import { explainRefusal } from "./pg-refusal.ts";

export interface PgConnectionOptions {
  /** `postgres://user:password@host:5432/database?sslmode=verify-full` */
  readonly url: string;
  readonly clock: Clock;
  /** After this time a statement counts as unanswered. */
  readonly statementTimeoutMs: number;
}

/** Bridges a restart of the server. */
const ASK_MS = 15_000;

export interface PgConnection {
  /** Printable address, without credentials. */
  readonly shown: string;
  /**
   * Runs one statement, which is a separate transaction: a process that is stopped between two
   * statements holds no lock. Runs it again, for up to 15 s, when the server gave no answer.
   *
   * @throws VmrigError `STATE_UNREACHABLE`, `STATE_UNWRITABLE`
   */
  ask(sql: string, values: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  close(): Promise<void>;
}

export function openPgConnection(options: PgConnectionOptions): PgConnection {
  const { url, clock, statementTimeoutMs } = options;
  const shown = describeUrl(url);
  const pool = new Pool({
    connectionString: url,
    max: 2,
    connectionTimeoutMillis: 3000,
    query_timeout: statementTimeoutMs,
    statement_timeout: statementTimeoutMs,
    application_name: "vmrig",
  });
  // An idle connection that the server ends: the next statement opens a new one.
  pool.on("error", () => {});

  const probe = async (
    sql: string,
    values: readonly unknown[],
  ): Promise<Observation<readonly Record<string, unknown>[]>> => {
    try {
      const { rows } = await pool.query<Record<string, unknown>>(sql, [...values]);
      return { value: rows };
    } catch (error) {
      const refusal = explainRefusal(error, shown);
      if (refusal !== undefined) throw refusal;
      return { seen: describeThrown(error) };
    }
  };

  return {
    shown,
    ask: (sql, values) =>
      waitFor({
        what: "an answer of PostgreSQL",
        on: shown,
        timeoutMs: ASK_MS,
        code: "STATE_UNREACHABLE",
        hint: "check that PostgreSQL runs and is reachable from here",
        clock,
        probe: () => probe(sql, values),
      }),
    close: () => pool.end(),
  };
}

function describeUrl(text: string): string {
  // libpq's form for a unix socket, `postgres://user@/database?host=/run/postgresql`, has no host.
  const whole = text.replace(/^(postgres(?:ql)?:\/\/[^/?#]*@)\//, "$1socket/");
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  if (url === undefined || !/^postgres(?:ql)?:$/.test(url.protocol)) {
    throw new VmrigError("CONFIG_INVALID", {
      message: "The address of the state store is not a postgres:// URL.",
      hint: "write it as postgres://user:password@host:5432/database",
    });
  }
  return `postgres://${url.searchParams.get("host") ?? url.host}${url.pathname}`;
}
