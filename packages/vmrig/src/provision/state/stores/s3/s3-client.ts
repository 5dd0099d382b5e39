import { createHash } from "node:crypto";
import { AwsClient } from "aws4fetch";
import { VmrigError } from "../../../../errors/vmrig-error.ts";
import { explainS3Refusal, unanswered } from "./s3-refusal.ts";

export interface S3Address {
  readonly bucket: string;
  readonly region: string;
  /** @defaultValue the endpoint of AWS in this region */
  readonly endpoint?: string;
  /** Whether the bucket is in the path instead of the host name. @defaultValue false */
  readonly pathStyle?: boolean;
}

export interface S3ClientOptions extends S3Address {
  /** Has `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and perhaps `AWS_SESSION_TOKEN`. */
  readonly environment: NodeJS.ProcessEnv;
  /** After this time a request counts as unanswered. */
  readonly requestTimeoutMs: number;
}

export interface S3Object {
  readonly text: string;
  readonly etag: string;
}

/** Condition of a write: the object still has this ETag, or does not exist. */
export type S3Condition = { readonly etag: string } | "absent";

/**
 * One request per call, never repeated: the outcome of a conditional write that got no answer is
 * unknown, and only its caller can find out.
 *
 * @throws VmrigError `STATE_UNREACHABLE` without an answer; `STATE_UNWRITABLE`
 */
export interface S3Client {
  /** Printable address. */
  readonly shown: string;
  get(key: string): Promise<S3Object | undefined>;
  /** @returns whether the condition was true and the object is stored */
  put(key: string, text: string, condition?: S3Condition): Promise<boolean>;
  remove(key: string): Promise<void>;
}

export function s3Client(options: S3ClientOptions): S3Client {
  const base = baseUrl(options);
  const shown = `s3://${options.bucket} at ${new URL(base).host}`;
  const client = new AwsClient({ ...credentials(options), service: "s3", retries: 0 });

  const send = async (
    method: string,
    key: string,
    more: { readonly body?: string; readonly headers?: Record<string, string> } = {},
  ): Promise<{ readonly status: number; readonly text: string; readonly etag: string }> => {
    const { body, headers } = more;
    try {
      const response = await client.fetch(`${base}/${key}`, {
        method,
        headers: {
          ...headers,
          "x-amz-content-sha256": createHash("sha256")
            .update(body ?? "")
            .digest("hex"),
        },
        ...(body !== undefined && { body }),
        signal: AbortSignal.timeout(options.requestTimeoutMs),
      });
      const text = await response.text();
      return { status: response.status, text, etag: response.headers.get("etag") ?? "" };
    } catch (error) {
      throw unanswered(shown, error);
    }
  };

  return {
    shown,

    async get(key) {
      const reply = await send("GET", key);
      if (reply.status === 200) return { text: reply.text, etag: reply.etag };
      if (reply.status === 404 && !reply.text.includes("NoSuchBucket")) return undefined;
      throw explainS3Refusal(reply, { shown, method: "GET" });
    },

    async put(key, text, condition) {
      const headers: Record<string, string> =
        condition === undefined
          ? {}
          : condition === "absent"
            ? { "if-none-match": "*" }
            : { "if-match": condition.etag };
      const reply = await send("PUT", key, { body: text, headers });
      if (reply.status === 200) return true;
      // 409: another conditional write is in progress. 404: the object of If-Match was deleted.
      const gone = reply.status === 404 && !reply.text.includes("NoSuchBucket");
      if (condition !== undefined && ([409, 412].includes(reply.status) || gone)) return false;
      throw explainS3Refusal(reply, { shown, method: "PUT" });
    },

    async remove(key) {
      const reply = await send("DELETE", key);
      if (reply.status !== 200 && reply.status !== 204 && reply.status !== 404)
        throw explainS3Refusal(reply, { shown, method: "DELETE" });
    },
  };
}

function baseUrl({ bucket, region, endpoint, pathStyle = false }: S3Address): string {
  const text = endpoint ?? `https://s3.${region}.amazonaws.com`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== "") {
    throw new VmrigError("CONFIG_INVALID", {
      message: "The endpoint of the state store is not an https:// URL without credentials.",
      hint: "write it as https://host, and put the credentials into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    });
  }
  if (pathStyle) return `${url.origin}/${bucket}`;
  return `${url.protocol}//${bucket}.${url.host}`;
}

function credentials({ environment, region }: S3ClientOptions) {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = environment;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) {
    throw new VmrigError("CONFIG_INVALID", {
      message: "The state store s3 has no credentials.",
      hint: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    });
  }
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    region,
    ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
  };
}
