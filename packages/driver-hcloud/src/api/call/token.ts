import { VmrigError } from "vmrig/driver";

/** An API token, and the only two things that are done with it. */
export interface Token {
  /** Value of the header `Authorization`. */
  authorization(): string;
  /** Removes the token from a text: a proxy or an API may echo it. */
  scrub(text: string): string;
}

/**
 * Keeps a token in a closure, where neither `util.inspect` nor JSON finds it.
 *
 * @throws VmrigError `CLOUD_REFUSED` if it cannot be a token; the text is not in the error
 */
export function keepToken(text: string): Token {
  const token = text.trim();
  if (!/^[\w.~+/=-]+$/.test(token))
    throw new VmrigError("CLOUD_REFUSED", {
      message:
        token === ""
          ? "The token for Hetzner Cloud is empty."
          : `The token for Hetzner Cloud has characters that no token has (${token.length} characters in total).`,
      hint: "copy the token again, without quotes and line breaks",
    });
  return {
    authorization: () => `Bearer ${token}`,
    scrub: (other) => other.replaceAll(token, "***"),
  };
}
