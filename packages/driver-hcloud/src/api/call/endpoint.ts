import { VmrigError } from "vmrig/driver";

const VENDOR = "https://api.hetzner.cloud/v1";

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost)$/;

/**
 * Checks the address of the API. A token travels only encrypted, or on this computer.
 *
 * @returns the address without a slash at its end
 * @throws VmrigError `CONFIG_INVALID`
 */
export function checkEndpoint(endpoint = VENDOR): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const safe =
    url?.protocol === "https:" || (url?.protocol === "http:" && LOOPBACK.test(url.hostname));
  if (url === undefined || !safe || url.username !== "" || url.password !== "" || url.search !== "")
    throw new VmrigError("CONFIG_INVALID", {
      message: `The address "${endpoint}" of the cloud's API is not usable.`,
      hint: 'write it as "https://…", without user, password and query',
    });
  return url.href.replace(/\/+$/, "");
}
