import { aroundAll, aroundEach } from "vitest";
import { claimMachines } from "vmrig/worker";
import { fileOptions } from "./environment.ts";
import { gateClient, worker } from "./worker.ts";

/** The gate's own deadlines are shorter: waiting in line, provisioning and booting all end in an error that says what was waited for. */
const CLAIM_MS = 3_600_000;
const ROLLBACK_MS = 600_000;

// A terminal's Ctrl-C reaches the workers too. The main process cancels them in an orderly way, so that hooks run.
if (process.send !== undefined && process.listenerCount("SIGINT") === 0) process.on("SIGINT", () => {});

let untouched = false;

/** Not by Vitest's own counts: it counts a repetition only when the hooks around it have begun. */
const attempted = new WeakSet<object>();

aroundAll(async (runSuite) => {
  const client = await gateClient();
  const policy = fileOptions().rollback ?? (await client.hello()).rollback;
  const claim = await claimMachines(client, policy);
  worker().claim = claim;
  untouched = claim.fresh;
  try {
    await runSuite();
  } finally {
    delete worker().claim;
    await claim.release();
  }
}, CLAIM_MS);

aroundEach(async (runTest, { task }) => {
  const { claim } = worker();
  if (claim === undefined) throw new Error("vmrig: a test runs outside of its file's claim");
  const again = attempted.has(task);
  attempted.add(task);
  const policy = task.meta.vmrig?.rollback ?? fileOptions().rollback ?? (await (await gateClient()).hello()).rollback;
  if (!untouched && (policy === "test" || again)) await claim.rollBack();
  untouched = false;
  await runTest();
}, ROLLBACK_MS);
