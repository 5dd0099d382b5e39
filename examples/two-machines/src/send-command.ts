export interface Send {
  /** Folder with the content to send. */
  readonly from: string;
  /** Name or address of the machine that receives the content. */
  readonly to: string;
  /** Patterns of rsync for files to leave out. */
  readonly except?: readonly string[];
}

/** Returns the arguments for rsync to send a folder's content to another machine's inbox. */
export function sendCommand({ from, to, except = [] }: Send): string[] {
  const folder = from.endsWith("/") ? from : `${from}/`;
  return ["-a", ...except.map((pattern) => `--exclude=${pattern}`), folder, `rsync://${to}/inbox/`];
}
