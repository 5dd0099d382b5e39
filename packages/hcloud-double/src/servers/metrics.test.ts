import { expect, test } from "vitest";
import { createServer, refusal, startDouble } from "../hcloud-double.test.kit.ts";

const HOUR = "start=2026-11-30T10:00:00Z&end=2026-11-30T11:00:00Z";

test("metrics have the series of each type, with at most 500 samples", async () => {
  const client = await startDouble();
  const id = await createServer(client, { name: "pc1" });
  const get = async (query: string) => {
    const { body } = await client.call("GET", `/servers/${id}/metrics?${query}`);
    return (body as unknown as { metrics: { step: number; time_series: object } }).metrics;
  };
  const { step, time_series } = await get(`type=cpu,network&${HOUR}`);
  expect(step).toBe(18);
  expect(Object.keys(time_series)).toEqual([
    "cpu",
    "network.0.pps.in",
    "network.0.pps.out",
    "network.0.bandwidth.in",
    "network.0.bandwidth.out",
  ]);
  expect((await get(`type=cpu&type=disk&${HOUR}&step=1`)).step).toBe(8);
});

test.for([
  ["type", `type=ram&${HOUR}`],
  ["type", HOUR],
  ["start", "type=cpu&start=now&end=2026-11-30T11:00:00Z"],
  ["start", "type=cpu&start=2026-11-30T12:00:00Z&end=2026-11-30T11:00:00Z"],
  ["step", `type=cpu&${HOUR}&step=x`],
] as const)("metrics refuse %s of %s", async ([field, query]) => {
  const client = await startDouble();
  const id = await createServer(client, { name: "pc1" });
  expect(await client.call("GET", `/servers/${id}/metrics?${query}`)).toMatchObject(
    refusal(422, "invalid_input", field),
  );
});
