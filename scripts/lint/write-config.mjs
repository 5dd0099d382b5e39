// Writes .oxlintrc.json: `npm run lint:config`.
import { writeFile } from "node:fs/promises";
import { CONFIG } from "./config.mjs";

await writeFile(
  new URL("../../.oxlintrc.json", import.meta.url),
  `${JSON.stringify(CONFIG, null, 2)}\n`,
);
