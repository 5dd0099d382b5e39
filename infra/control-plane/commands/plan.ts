import { checkChanges, describeChanges } from "../terraform/check.ts";
import { openContext, type Call } from "./context.ts";

/** Shows what `apply` would change. */
export async function plan(call: Call, allow: ReadonlySet<string>): Promise<void> {
  const { engine, print } = await openContext(call);
  await using saved = await engine.plan();
  for (const line of describeChanges(checkChanges(saved.plan, allow))) print(line);
}
