import { clean, describeHolder } from "../../../lease/holder.ts";
import type { ResourceView, StateView, VersionView } from "../../../operations/state/read-state.ts";
import type { StateChange } from "../../../provision/state/describe-change.ts";
import { alignColumns } from "../../columns.ts";

/** Formats one version of a state as text. Shows no attributes. */
export function renderState(view: StateView): string {
  const { copy, version, newest, store, by, summary, fence, applying, resources } = view;
  const owner = view.owner === undefined ? "no owner" : `owner ${view.owner}`;
  const lines = [
    `state    ${copy}: version ${version}${version === newest ? "" : `, the newest is ${newest}`}, in ${store}`,
    `stored   ${timeOf(view)} by ${describeHolder(by)}, session ${shortSession(view)}, fence ${fence}`,
    `change   ${clean(summary)}`,
    ...(applying.length === 0 ? [] : [`apply    not completed: ${applying.join(", ")}`]),
    `lineage  ${view.lineage}, serial ${view.serial}, ${owner}`,
    ...(resources?.map((resource) => `resource ${addressOf(resource)}`) ?? [
      "resource encrypted by OpenTofu",
    ]),
  ];
  return `${lines.join("\n")}\n`;
}

/** Formats versions as lines with columns. */
export function renderHistory(versions: readonly VersionView[]): string {
  const rows = versions.map((view) => [
    String(view.version),
    timeOf(view),
    describeHolder(view.by),
    `session ${shortSession(view)}`,
    `fence ${view.fence}`,
    `${clean(view.summary)}${view.applying.length === 0 ? "" : `; apply of ${view.applying.join(", ")} not completed`}`,
  ]);
  return `${alignColumns(rows).join("\n")}\n`;
}

/** Formats what a return to an earlier version changes in the state. */
export function renderReturn(change: StateChange | undefined): string {
  if (change === undefined) return "change   unknown: one of the two versions is not readable\n";
  const { added, removed, changed } = change;
  const lines = [
    ...added.map((address) => `add      ${address}`),
    ...removed.map((address) => `forget   ${address}`),
    ...changed.map((address) => `change   ${address}`),
  ];
  return lines.length === 0 ? "change   no resource\n" : `${lines.join("\n")}\n`;
}

export function addressOf({ address, tainted, deposed }: ResourceView): string {
  return `${address}${deposed ? " (deposed)" : ""}${tainted ? " (tainted)" : ""}`;
}

function timeOf({ at }: VersionView): string {
  return `${at.slice(0, 19).replace("T", " ")}Z`;
}

function shortSession({ by }: VersionView): string {
  return clean(by.session).slice(0, 8);
}
