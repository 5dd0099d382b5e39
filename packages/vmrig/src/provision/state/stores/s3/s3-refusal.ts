import { describeThrown } from "../../../../errors/thrown.ts";
import { VmrigError, type ErrorFacts } from "../../../../errors/vmrig-error.ts";

/** A request that got no answer, or that the server had no capacity for. It may be repeated. */
export class S3Unanswered extends VmrigError {
  constructor(facts: ErrorFacts) {
    super("STATE_UNREACHABLE", facts);
  }
}

export function unanswered(shown: string, error: unknown): S3Unanswered {
  // fetch() hides the reason in the cause.
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return new S3Unanswered({
    message: `${shown} gave no answer: ${describeThrown(cause)}.`,
    hint: "check that the endpoint is reachable from here",
  });
}

/** Error for an answer that is neither success nor a condition that was not met. */
export function explainS3Refusal(
  { status, text }: { readonly status: number; readonly text: string },
  { shown, method }: { readonly shown: string; readonly method: string },
): VmrigError {
  const code = /<Code>([\w.]+)<\/Code>/.exec(text)?.[1] ?? "no code";
  const facts = { message: `${shown} refused a ${method}: HTTP ${status}, ${code}.` };
  if (status >= 500 || status === 429)
    return new S3Unanswered({ ...facts, hint: "try again later" });
  if (code === "NoSuchBucket") {
    const hint = "create this bucket, or correct its name, region or `pathStyle`";
    return new VmrigError("STATE_UNREACHABLE", { ...facts, hint });
  }
  const hint =
    status === 403
      ? "check the credentials, and that they allow s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket"
      : "check the endpoint, the region and `pathStyle`";
  return new VmrigError(method === "GET" ? "STATE_UNREACHABLE" : "STATE_UNWRITABLE", {
    ...facts,
    hint,
  });
}
