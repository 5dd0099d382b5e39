import type { Duplex } from "node:stream";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { describeThrown } from "../../errors/thrown.ts";
import { TunnelRefusedError } from "../../ssh/tunnel-refused.ts";
import { waitFor, type Observation } from "../../wait/wait-for.ts";
import { toWatch, type Watch } from "./wait-options.ts";
import { tolerant } from "./tolerant.ts";
import { type HttpWaitOptions, type HttpResponse, isWanted, inWords } from "./http-response.ts";
import { exchange } from "./http-exchange.ts";

/** A request without a response is abandoned after this time, and another request is sent. */
const SILENCE_MS = 10_000;

/**
 * Sends requests from inside the machine, over its SSH connection: the machine needs no program for
 * it, and `localhost` is the machine. Redirects are not followed. Certificates are not checked,
 * because a service on a test machine rarely has a certificate of a known authority.
 *
 * @param target a port, or a URL as the machine sees it
 */
export function waitForHttp(
  watch: Watch,
  target: number | string,
  options: HttpWaitOptions,
): Promise<HttpResponse> {
  const url = toUrl(target);
  return waitFor<HttpResponse>({
    ...toWatch(watch, options),
    what: `${options.method ?? "GET"} ${url.href}`,
    probe: tolerant(async (signal): Promise<Observation<HttpResponse>> => {
      const requestSignal = AbortSignal.any([signal, AbortSignal.timeout(SILENCE_MS)]);
      const stream = await open(watch, url);
      if ("seen" in stream) return stream;
      try {
        const response = await exchange(stream.value, url, options, requestSignal);
        return isWanted(response, options) ? { value: response } : { seen: inWords(response) };
      } catch (error) {
        return { seen: requestSignal.aborted ? "no answer" : describeThrown(error) };
      } finally {
        stream.value.destroy();
      }
    }),
  });
}

function toUrl(target: number | string): URL {
  const url = URL.parse(typeof target === "number" ? `http://localhost:${target}/` : target);
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url;
  throw new VmrigError("COMMAND_INVALID", {
    message: `${JSON.stringify(target)} is not a URL that waitForHttp() accepts.`,
    hint: 'pass a port, or "http://localhost:8080/health"',
  });
}

async function open({ context }: Watch, url: URL): Promise<Observation<Duplex>> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
  try {
    return { value: await (await context.link()).tunnel({ host, port }) };
  } catch (error) {
    if (!(error instanceof TunnelRefusedError)) throw error;
    if (!error.forbidden) return { seen: error.message };
    throw new VmrigError("WAIT_FAILED", {
      message: `The SSH server of ${context.name} forbids connections to ${host}:${port}.`,
      hint: "set AllowTcpForwarding to yes or local in its sshd_config, or wait with waitUntilSucceeds and curl",
      cause: error,
    });
  }
}
