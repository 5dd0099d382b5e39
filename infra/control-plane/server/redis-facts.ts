import { X509Certificate } from "node:crypto";
import { asVmrigError, VmrigError } from "../../../packages/vmrig/src/errors/vmrig-error.ts";
import { waitFor } from "../../../packages/vmrig/src/wait/wait-for.ts";
import type { RootSession } from "./root-session.ts";

const READY_MS = 120_000;
const COMMAND_MS = 30_000;
/** Installs packages; emulated machines take minutes. */
const SETUP_MS = 1_800_000;

/**
 * Finishes a first boot that failed, for example because the mirror of the packages was down.
 *
 * @throws VmrigError `MACHINE_UNREACHABLE` with the last lines of the setup
 */
export async function finishSetup(session: RootSession): Promise<void> {
  await session.run("vmrig-redis-check > /dev/null 2>&1 || vmrig-control-setup", {
    task: "set Redis up",
    timeoutMs: SETUP_MS,
  });
}

/**
 * Waits until Redis answers its user over TLS and keeps an append-only file.
 *
 * @throws VmrigError `REDIS_UNREACHABLE` with the last lines of the first boot
 */
export async function waitForRedis(session: RootSession, signal: AbortSignal): Promise<void> {
  try {
    await waitFor({
      what: "Redis on the control plane",
      timeoutMs: READY_MS,
      intervalMs: 2000,
      code: "REDIS_UNREACHABLE",
      signal,
      probe: async () => {
        const answer = await session
          .run("vmrig-redis-check", { task: "ask Redis", timeoutMs: COMMAND_MS })
          .catch((error: unknown) => asVmrigError(error).details.join(" "));
        return /^aof_enabled:1\s*$/m.test(answer) && /^loading:0\s*$/m.test(answer)
          ? { value: undefined }
          : { seen: answer.slice(0, 300) };
      },
    });
  } catch (error) {
    signal.throwIfAborted();
    const { summary } = asVmrigError(error);
    const log = await session.run(
      "tail -n 15 /var/log/cloud-init-output.log; systemctl status --no-pager -n 5 vmrig-redis.service || true",
      { task: "read the log of the first boot", timeoutMs: COMMAND_MS },
    );
    throw new VmrigError("REDIS_UNREACHABLE", {
      message: summary,
      details: log.split("\n").filter((line) => line.trim() !== ""),
      hint: "fix the cause on the server, and run `npm run infra -- apply` again",
      cause: error,
    });
  }
}

/** Reads the certificate of the CA. It is not secret. */
export async function readCa(session: RootSession): Promise<string> {
  const pem = await session.run("cat /etc/vmrig-redis/tls/ca.pem", {
    task: "read the CA",
    timeoutMs: COMMAND_MS,
  });
  try {
    return `${new X509Certificate(pem).toString().trim()}\n`;
  } catch (error) {
    throw new VmrigError("INTERNAL", {
      message: "The control plane sent a CA that is no certificate.",
      cause: error,
    });
  }
}

/** Reads the password of the user `vmrig`. The caller stores it nowhere. */
export async function readPassword(session: RootSession): Promise<string> {
  const password = await session.run("cat /var/lib/vmrig-redis/secrets/password", {
    task: "read the password of Redis",
    timeoutMs: COMMAND_MS,
  });
  if (/^[0-9a-f]{64}\n$/.test(password)) return password.trim();
  throw new VmrigError("INTERNAL", {
    message: "The control plane sent a password of another form.",
  });
}
