import { checkChanges, describeChanges } from "../terraform/check.ts";
import { finishSetup, waitForRedis } from "../server/redis-facts.ts";
import { openContext, openExisting, type Call } from "./context.ts";
import { printOutput } from "./output.ts";

/** Creates or changes the control plane, and waits until Redis answers. */
export async function apply(call: Call, allow: ReadonlySet<string>): Promise<void> {
  const context = await openContext(call);
  const { engine, say, signal } = context;
  {
    await using saved = await engine.plan();
    for (const line of describeChanges(checkChanges(saved.plan, allow))) say(`plan: ${line}`);
    if (saved.changed) await saved.apply();
  }
  const { address, session } = await openExisting(context);
  await using opened = session;
  await finishSetup(opened);
  await waitForRedis(opened, signal);
  say("redis: answers over TLS");
  await printOutput(context, { address, session: opened });
}
