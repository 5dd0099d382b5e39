import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname } from "node:path";
import { compileFunction } from "node:vm";
import { globals } from "./real-time.ts";

const NAMES = Object.keys(globals);
const VALUES: readonly unknown[] = Object.values(globals);

interface LoadedModule {
  exports: unknown;
}
type Start = (
  this: unknown,
  exports: unknown,
  require: (id: string) => unknown,
  module: LoadedModule,
  file: string,
  folder: string,
) => void;

const loaded = new Map<string, LoadedModule>();

/**
 * Loads a CommonJS package whose code sees the real timers and clocks in place of the globals. Such
 * packages look up the globals in each call: a test's fake timers would stop a response or a
 * screen, and `vi.advanceTimersByTime()` would end a connection.
 *
 * vmrig has its own instance of the package. A test that imports the same package can still fake the
 * timers of that import. Packages that the package depends on are loaded as usual.
 */
export function loadWithRealTime(name: string): unknown {
  return load(createRequire(import.meta.url).resolve(name));
}

function load(file: string): unknown {
  const known = loaded.get(file);
  if (known !== undefined) return known.exports;
  const ordinary = createRequire(file);
  const require = (id: string): unknown => {
    // The package's own files have relative names.
    if (!id.startsWith(".")) return ordinary(id);
    const found = ordinary.resolve(id);
    return extname(found) === ".js" ? load(found) : ordinary(found);
  };
  const own: LoadedModule = { exports: {} };
  loaded.set(file, own);
  try {
    compile(file).call(own.exports, own.exports, require, own, file, dirname(file));
  } catch (error) {
    loaded.delete(file);
    throw error;
  }
  return own.exports;
}

/** Compiles a module as a separate function, in which it may declare the same names itself. */
function compile(file: string): Start {
  const source = readFileSync(file, "utf8");
  const wrap = compileFunction(
    `return function (exports, require, module, __filename, __dirname) {${source}\n}`,
    NAMES,
    { filename: file },
  ) as (...values: readonly unknown[]) => Start;
  return wrap(...VALUES);
}
