/** One section of the evidence. */
export interface EvidencePart {
  readonly kind: "journal" | "units" | "console" | "file";
  readonly title: string;
  /** The text, or the reason for its absence. */
  readonly got: { readonly text: string } | { readonly missing: string };
}
