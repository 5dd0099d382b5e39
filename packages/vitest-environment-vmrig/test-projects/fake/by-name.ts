import { BaseSequencer, type TestSpecification } from "vitest/node";

/** A file that one test file leaves behind, and that the next one checks for. */
export class ByName extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve(files.toSorted((a, b) => a.moduleId.localeCompare(b.moduleId)));
  }
}
