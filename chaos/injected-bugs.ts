import { spawn } from "node:child_process";
import { join } from "node:path";
import { RECORD_EVENT_SCRIPT } from "./event-log.ts";

/** Bugs that the suite's own tests inject, to see the suite fail. */
export const INJECTED_BUGS = ["intruder", "liar", "squatter"] as const;

interface Touch {
  readonly copy: string;
  readonly fence: number;
  readonly nonce: string;
}

/**
 * Returns the lease that a worker reports to the machine: the true one, unless `CHAOS_BUG` in the
 * environment names a bug.
 *
 * - `intruder`: leaves a process behind that keeps writing to the machine's disk, without its SSH
 *   server, long after the lease has ended.
 * - `liar`: reports a fence that was never issued.
 * - `squatter`: leaves an idle process behind on this computer.
 */
export function withInjectedBug(
  granted: Touch,
  { eventLog, session, visit }: Readonly<Record<"eventLog" | "session" | "visit", string>>,
): Touch {
  const bug = process.env["CHAOS_BUG"];
  if (bug === "liar") return { ...granted, fence: granted.fence + 60_000_000 };
  if (bug === "squatter") spawn("sleep", ["30"], { detached: true, stdio: "ignore" }).unref();
  if (bug === "intruder") {
    const disk = join(
      process.env["VMRIG_HOME"] ?? "",
      "rigs",
      granted.copy,
      "machines",
      "pc1",
      "disk",
    );
    const touch = [
      RECORD_EVENT_SCRIPT,
      eventLog,
      session,
      visit,
      String(granted.fence),
      granted.nonce,
      "10",
    ];
    spawn(
      "bash",
      ["-c", 'for i in 1 2 3 4 5 6 7 8; do sleep 0.5; bash "$@"; done', "bash", ...touch],
      {
        detached: true,
        stdio: "ignore",
        env: { ...process.env, VMRIG_FAKE_DISK: disk, HOME: join(disk, "home", "vmrig") },
      },
    ).unref();
  }
  return granted;
}
