import { join } from "node:path";
import { systemClock } from "../packages/vmrig/src/clock/clock.ts";
import { runningServer, stopRedis } from "../packages/vmrig/src/redis/redis-process.ts";

/** Ends the embedded Redis of a home that was created for one benchmark. */
export async function endRedis(home: string): Promise<void> {
  // The socket is not needed: the server is found by the pid in its pid file.
  const server = {
    program: "",
    socketPath: "",
    dataFolder: join(home, "redis"),
    clock: systemClock,
  };
  const pid = await runningServer(server);
  if (pid !== undefined) await stopRedis(server, pid);
}
