import type { RestOutcome } from "../../operations/rest/rest-rig.ts";
import { openRig, type OpenedRig } from "../open-rig.ts";
import { defineVerb } from "../verb.ts";

export const rest = defineVerb({
  name: "rest",
  summary: "powers off or destroys copies that were not used for a while; for a scheduled job",
  details: [
    "`rest` of the config says after which time, and what to do. Waits for no lease: a copy that is leased, retained or waited for stays as it is.",
    "A cloud bills machines that are off like machines that run.",
  ],
  operands: [],
  options: {
    json: { type: "boolean", help: "prints JSON: [{ copy, did, why, what }]" },
  },
  async run(context, { options: { json = false } }) {
    const { holder, say, print, signal } = context;
    const opened = await openRig(context);
    const { restRig } = await import("../../operations/rest/rest-rig.ts");
    const outcomes: RestOutcome[] = [];
    for await (const outcome of restRig({ ...opened, holder, say, signal })) {
      outcomes.push(outcome);
      if (!json) print(`${lineOf(outcome)}\n`);
    }
    if (json) {
      const plain = outcomes.map(({ error: _error, ...outcome }) => outcome);
      print(`${JSON.stringify(plain, undefined, 2)}\n`);
    }
    if (opened.rig.rest?.do === "power-off" && outcomes.some(isOff)) await sayBilled(opened, say);
    const failed = outcomes.flatMap(({ error }) => error ?? []);
    if (failed[0] !== undefined) throw failed[0];
  },
});

const isOff = ({ did }: RestOutcome): boolean => did === "power-off" || did === "nothing";

function lineOf({ copy, did, why, what = [] }: RestOutcome): string {
  const names = what.length === 0 ? "" : `${what.join(", ")}; `;
  return `${WORDS[did].padEnd(8)} ${copy}: ${names}${why}`;
}

const WORDS = {
  "power-off": "off",
  destroy: "gone",
  kept: "kept",
  nothing: "rests",
  failed: "failed",
} as const satisfies Record<RestOutcome["did"], string>;

/** Says that machines that are off cost as much as before. */
async function sayBilled({ rig }: OpenedRig, say: (line: string) => void): Promise<void> {
  if (rig.driver.account === undefined) return;
  const { readCosts } = await import("../../operations/account/rig-costs.ts");
  const costs = await readCosts(rig.driver, rig.name);
  const { name } = rig.driver.account;
  const amount =
    costs === undefined || "unreachable" in costs
      ? ""
      : `the rig still costs ${costs.monthly.net.toFixed(2)} ${costs.currency} a month net, because `;
  say(`billed   ${amount}${name} bills machines that are off like machines that run`);
}
