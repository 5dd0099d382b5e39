import type { SshTarget } from "vmrig/driver";
import type { Client } from "../api/call/client.ts";
import type { Architecture, LocalImage } from "./cloud-image.ts";

export interface PublishOptions {
  readonly image: LocalImage;
  /** Prints one line. */
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
  /** Of the temporary server. @defaultValue the cheapest with room */
  readonly location?: string | undefined;
  /** Of the temporary server. @defaultValue the cheapest that fits */
  readonly serverType?: string | undefined;
  /** How a rescue system is reached, and its disk. @defaultValue as on Hetzner Cloud */
  readonly rescue?: RescueAccess;
}

export interface RescueAccess {
  readonly login: (ipv4: string) => Pick<SshTarget, "host" | "port" | "user">;
  readonly device: string;
}

/** What the steps of one publish share. */
export interface Publish extends PublishOptions {
  readonly client: Client;
  readonly architecture: Architecture;
  /** Also aborts when the publish may not go on any longer. */
  readonly signal: AbortSignal;
}
