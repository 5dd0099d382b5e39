import { test } from "vitest-environment-vmrig";
import { useAlone } from "../use-alone.ts";

test("file 3 has the machines for itself", ({ pc1, pc2 }) => useAlone("file 3", pc1, pc2));
