import type { TestProject, TestSpecification, Vitest } from "vitest/node";

/**
 * How many test files of these projects a run is made of: each will ask for machines once. Of a run
 * that picks its tests by name or by tag nobody knows it before each file was read, and it is 0.
 *
 * @param rerun what a watcher runs again; missing in its first run
 */
export function remainingFiles(
  vitest: Vitest,
  projects: ReadonlySet<TestProject>,
  rerun?: readonly TestSpecification[],
): number {
  const { tagsFilter = [] } = vitest.config;
  if (vitest.getGlobalTestNamePattern() !== undefined || tagsFilter.length > 0) return 0;
  // Vitest writes down the paths of a run before it calls the global set-ups.
  const files =
    rerun ?? vitest.state.getPaths().flatMap((path) => vitest.getModuleSpecifications(path));
  return files.filter(({ project }) => projects.has(project)).length;
}
