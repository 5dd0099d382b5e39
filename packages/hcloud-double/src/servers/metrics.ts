import { invalidField } from "../http/api-error.ts";

const SERIES: Readonly<Record<string, readonly string[]>> = {
  cpu: ["cpu"],
  disk: ["iops.read", "iops.write", "bandwidth.read", "bandwidth.write"].map(
    (name) => `disk.0.${name}`,
  ),
  network: ["pps.in", "pps.out", "bandwidth.in", "bandwidth.out"].map(
    (name) => `network.0.${name}`,
  ),
};
const USUAL_SAMPLES = 200;
const MAX_SAMPLES = 500;

/** Made-up values. They are not constant: Debian's CLI panics on a constant series. */
export function metrics(query: URLSearchParams): object {
  const types = query.getAll("type").flatMap((text) => text.split(","));
  const names = types.map((type) => SERIES[type]);
  if (names.length === 0 || names.includes(undefined))
    throw invalidField("type", "must be cpu, disk or network");
  const start = seconds(query, "start");
  const end = seconds(query, "end");
  if (start > end) throw invalidField("start", "must be before end");
  const asked = Number(query.get("step") ?? (end - start) / USUAL_SAMPLES);
  if (!(asked >= 0)) throw invalidField("step", "must be a number of seconds");
  const step = Math.max(1, Math.ceil(asked), Math.ceil((end - start) / MAX_SAMPLES));
  const values: [number, string][] = [];
  for (let time = start; time <= end; time += step)
    values.push([time, `${10 + (values.length % 7)}`]);
  const series = names.flatMap((some) => some ?? []).map((name) => [name, { values }] as const);
  return { start: text(start), end: text(end), step, time_series: Object.fromEntries(series) };
}

function seconds(query: URLSearchParams, name: string): number {
  const time = Date.parse(query.get(name) ?? "");
  if (Number.isNaN(time)) throw invalidField(name, "must be a date and time");
  return time / 1000;
}

function text(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
