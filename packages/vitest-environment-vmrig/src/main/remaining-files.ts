import type { TestProject, TestSpecification, Vitest } from "vitest/node";

/**
 * Returns the number of test files of these projects in a run; each file claims machines once.
 * Returns 0 for a run that selects its tests by name or by tag: which files have such tests is
 * unknown until each file was read.
 *
 * @param rerun the files that a watcher runs again; missing in its first run
 */
export function remainingFiles(
  vitest: Vitest,
  projects: ReadonlySet<TestProject>,
  rerun?: readonly TestSpecification[],
): number {
  const { tagsFilter = [] } = vitest.config;
  if (vitest.getGlobalTestNamePattern() !== undefined || tagsFilter.length > 0) return 0;
  // Vitest records the paths of a run before it calls the global setups.
  const files =
    rerun ?? vitest.state.getPaths().flatMap((path) => vitest.getModuleSpecifications(path));
  return files.filter(({ project }) => projects.has(project)).length;
}
