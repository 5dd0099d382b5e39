export interface Send {
  /** Folder whose content is sent. */
  readonly from: string;
  /** Name or address of the machine that takes it in. */
  readonly to: string;
  /** Leaves out what matches, as rsync understands it. */
  readonly except?: readonly string[];
}

/** The arguments of rsync that send a folder's content to another machine's inbox. */
export function sendCommand({ from, to, except = [] }: Send): string[] {
  const folder = from.endsWith("/") ? from : `${from}/`;
  return ["-a", ...except.map((pattern) => `--exclude=${pattern}`), folder, `rsync://${to}/inbox/`];
}
