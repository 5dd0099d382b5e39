/** One section of the evidence. */
export interface EvidencePart {
  readonly kind: "journal" | "units" | "console" | "file";
  readonly title: string;
  /** What there was, or why that is not known. */
  readonly got: { readonly text: string } | { readonly missing: string };
}
