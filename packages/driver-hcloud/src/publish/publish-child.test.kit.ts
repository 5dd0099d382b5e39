// Publishes an image in a process that a test kills: node publish-child.test.kit.ts JSON
import { createClient } from "../api/call/client.ts";
import type { LocalImage } from "./cloud-image.ts";
import { fastClock } from "./fast-clock.test.kit.ts";
import { publishImage } from "./publish-image.ts";

export interface ChildTask {
  readonly endpoint: string;
  readonly token: string;
  readonly image: LocalImage;
  readonly port: number;
  readonly user: string;
  readonly device: string;
}

const { endpoint, token, image, port, user, device } = JSON.parse(
  process.argv[2] ?? "",
) as ChildTask;
const client = createClient({ endpoint, token, clock: fastClock });
await publishImage(client, {
  image,
  say: (line) => void process.stdout.write(`${line}\n`),
  rescue: { device, login: () => ({ host: "127.0.0.1", port, user }) },
});
