/** A server as its backend sees it. */
export interface BackendServer {
  readonly id: number;
  readonly name: string;
  /** Id of the image on its disk. */
  readonly image: number;
  /** Size of the disk in GB. */
  readonly diskGb: number;
  readonly userData: string;
  /** Public keys for root. */
  readonly authorizedKeys: readonly string[];
  readonly rootPassword: string | null;
  /** The public IPv4 address, if it has one. */
  readonly ipv4: string | undefined;
}

export interface Boot {
  readonly from: "disk" | "rescue";
  /** Public keys for root of the rescue system. */
  readonly authorizedKeys: readonly string[];
}

/** Runs the servers of the double. An action fails if its call rejects. */
export interface ServerBackend {
  /** Writes the image to the server's disk. A rebuild does it again. The server is off. */
  writeImage(server: BackendServer): Promise<void>;
  /** Resolves when the server's firmware starts. */
  start(server: BackendServer, boot: Boot): Promise<void>;
  /** Cuts the power. Does nothing if the server is off. */
  stop(server: BackendServer): Promise<void>;
  /** Presses the power button. Resolves when the guest has powered itself off, or never. */
  shutDown(server: BackendServer): Promise<void>;
  /** Presses the power button and starts it again; the guest may ignore it. */
  reboot(server: BackendServer, boot: Boot): Promise<void>;
  /** Resizes the disk to `diskGb`. The server is off. */
  resize(server: BackendServer): Promise<void>;
  /** Copies the disk to a new image. Returns the size of the image in GB. */
  copyDisk(server: BackendServer, image: number): Promise<number>;
  /** Removes the server and its disk. */
  remove(server: BackendServer): Promise<void>;
  removeImage(image: number): Promise<void>;
}
