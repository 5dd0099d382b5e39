import type { NetworkRoute } from "../project/records.ts";

/** A private network as a backend sees it. */
export interface BackendNetwork {
  readonly id: number;
  /** `10.0.0.0/16` */
  readonly ipRange: string;
  readonly routes: readonly NetworkRoute[];
}

/** A server's interface in a private network. */
export interface PrivateInterface {
  readonly network: BackendNetwork;
  readonly ip: string;
  readonly aliases: readonly string[];
  readonly mac: string;
}

/** A server as its backend sees it. */
export interface BackendServer {
  readonly id: number;
  readonly name: string;
  /** Id of the image on its disk. */
  readonly image: number;
  /** Size of the disk in GB. */
  readonly diskGb: number;
  /** Name of its location. */
  readonly location: string;
  readonly userData: string;
  /** Public keys for root. */
  readonly authorizedKeys: readonly string[];
  readonly rootPassword: string | null;
  /** The public IPv4 address, if it has one. */
  readonly ipv4: string | undefined;
  readonly networks: readonly PrivateInterface[];
}

export interface Boot {
  readonly from: "disk" | "rescue";
  /** Public keys for root of the rescue system. */
  readonly authorizedKeys: readonly string[];
  /** Is called when the server has powered itself off. */
  readonly onPowerOff: () => void;
  /** Is called when the guest restarts by itself. Returns the boot that follows. */
  readonly onRestart: () => Boot;
}

/** Runs the servers of the double. An action fails if its call rejects. */
export interface ServerBackend {
  /** Range of the public IPv4 addresses. Its first and last addresses are not used. */
  readonly publicIpv4Range: string;
  /** Writes the image to the server's disk. A rebuild does it again. The server is off. */
  writeImage(server: BackendServer): Promise<void>;
  /** Resolves when the server's firmware starts. */
  start(server: BackendServer, boot: Boot): Promise<void>;
  /** Cuts the power. Does nothing if the server is off. */
  stop(server: BackendServer): Promise<void>;
  /** Presses the power button. The guest powers itself off later, or never. */
  shutDown(server: BackendServer): Promise<void>;
  /**
   * Presses the power button, and starts the server when it is off. Returns whether it was started:
   * the guest may ignore the button.
   */
  reboot(server: BackendServer, boot: Boot): Promise<boolean>;
  /** Gives a running server the interfaces of `networks`. */
  changeNetworks(server: BackendServer): Promise<void>;
  /** Resizes the disk to `diskGb`. The server is off. */
  resize(server: BackendServer): Promise<void>;
  /** Copies the disk to a new image. Returns the size of the image in GB. */
  copyDisk(server: BackendServer, image: number): Promise<number>;
  /** Removes the server and its disk. */
  remove(server: BackendServer): Promise<void>;
  removeImage(image: number): Promise<void>;
}
