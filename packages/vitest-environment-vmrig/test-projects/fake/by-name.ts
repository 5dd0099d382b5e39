import { BaseSequencer, type TestSpecification } from "vitest/node";

/** What one file leaves behind is looked for by the next one. */
export class ByName extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve(files.toSorted((a, b) => a.moduleId.localeCompare(b.moduleId)));
  }
}
