import { expect, test } from "vitest";
import { copy, server } from "./configuration.test.kit.ts";
import { startEngine } from "./engine.test.kit.ts";

const COPY = copy({ one: server("one", "10.0.1.5") });
/** Writes of a first apply. */
const WRITES = [1, 2, 3, 4, 5, 6, 7, 8];

test.for(WRITES)(
  "a Terraform that is killed after write %i of 8 leaves what the state lacks and the next apply cannot create",
  async (write) => {
    const engine = await startEngine();
    const { double } = engine;
    await engine.write(COPY);
    const { code } = await engine.run(["apply", "-auto-approve"], (group) => {
      double.killAfter(write, [-group]);
    });
    expect(code).toBe(null);
    const writes = double.calls.filter(({ method }) => method !== "GET");
    expect(writes).toHaveLength(write);
    await double.project.actions.settle();
    const next = await engine.run(["apply", "-auto-approve"]);
    expect(next.code).toBe(1);
    const last = writes.at(-1)?.path ?? "";
    expect(next.output).toContain(
      last.endsWith("add_subnet") ? "(invalid_input" : "(uniqueness_error",
    );
    expect(double.project.servers.all.length).toBeLessThanOrEqual(1);
  },
);
