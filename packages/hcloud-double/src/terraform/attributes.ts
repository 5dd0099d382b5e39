import type { Values } from "@vmrig/terraform-plugin";
import type { PlannedAttribute } from "./kind.ts";

/** Attributes that several kinds have. */
export const ID: PlannedAttribute = { type: "string", optional: true, computed: true };
export const NAME: PlannedAttribute = { type: "string", required: true };
export const LABELS: PlannedAttribute = { type: ["map", "string"], optional: true };
export const SWITCH: PlannedAttribute = { type: "bool", optional: true, default: false };
export const OUTPUT: PlannedAttribute = { type: "string", computed: true };

/** The API does not distinguish no labels from an empty map, but Terraform does. */
export function labelsInState(labels: object, prior: Values): unknown {
  return Object.keys(labels).length === 0 ? (prior["labels"] ?? null) : labels;
}

/** Returns the field for a request if there are labels. */
export function labelsField({ labels }: Values): object {
  return labels && Object.keys(labels).length > 0 ? { labels } : {};
}

/** Returns the field for the change of all labels. */
export function newLabels({ labels }: Values): object {
  return { labels: labels ?? {} };
}
