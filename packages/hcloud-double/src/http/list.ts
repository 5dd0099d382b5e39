import { invalidField } from "./api-error.ts";
import { parseSelector, type Labels } from "./labels.ts";
import { ok, type Reply } from "./route.ts";

/** A resource as a reply shows it. */
type Item = object & { readonly labels?: Labels };

interface ListRules {
  /** Query parameters that are compared with the field of this name. A repeated one means "or". */
  readonly filters?: readonly string[];
  /** Fields that `sort` accepts. If there are none, `sort` is ignored. */
  readonly sorts?: readonly string[];
}

interface Pagination {
  readonly page: number;
  readonly per_page: number;
  readonly previous_page: number | null;
  readonly next_page: number | null;
  readonly last_page: number;
  readonly total_entries: number;
}

const PER_PAGE = 25;
const MAX_PER_PAGE = 50;

const field = (item: Item, name: string): unknown => (item as Record<string, unknown>)[name];

/** Replies with one page of the items that the query asks for. */
export function list(
  key: string,
  all: readonly Item[],
  query: URLSearchParams,
  rules: ListRules = {},
): Reply {
  const items = select(all, query, rules);
  const pagination = paginate(items.length, query);
  const start = (pagination.page - 1) * pagination.per_page;
  const page = items.slice(start, start + pagination.per_page);
  return ok({ [key]: page, meta: { pagination } });
}

/** Returns all items that the query asks for, sorted. */
export function select<T extends Item>(
  all: readonly T[],
  query: URLSearchParams,
  { filters = ["name"], sorts = ["id", "name", "created"] }: ListRules = {},
): readonly T[] {
  let items = [...all];
  for (const filter of filters) {
    const wanted = query.getAll(filter).filter((value) => value !== "");
    if (wanted.length > 0)
      items = items.filter((item) => wanted.includes(String(field(item, filter))));
  }
  const selector = query.get("label_selector");
  if (selector !== null && selector !== "") {
    const selects = parseSelector(selector);
    items = items.filter((item) => selects(item.labels ?? {}));
  }
  if (sorts.length > 0) sort(items, query.getAll("sort"), sorts);
  return items;
}

/** Sorts in place by `field`, `field:asc` or `field:desc`; null is last. */
function sort(items: Item[], keys: readonly string[], allowed: readonly string[]): void {
  const orders = keys.map((key) => {
    const [name = "", direction = "asc"] = key.split(":");
    if (!allowed.includes(name) || !["asc", "desc"].includes(direction))
      throw invalidField("sort", `${key} is none of ${allowed.join(", ")}`);
    return { name, sign: direction === "asc" ? 1 : -1 };
  });
  items.sort((a, b) => {
    for (const { name, sign } of orders) {
      const order = compare(field(a, name), field(b, name));
      if (order !== 0) return sign * order;
    }
    return 0;
  });
}

function compare(a: unknown, b: unknown): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? 1 : -1;
  return (a as number) < (b as number) ? -1 : 1;
}

function paginate(total: number, query: URLSearchParams): Pagination {
  const page = positive("page", query, 1);
  const perPage = Math.min(positive("per_page", query, PER_PAGE), MAX_PER_PAGE);
  const lastPage = Math.max(1, Math.ceil(total / perPage));
  return {
    page,
    per_page: perPage,
    previous_page: page > 1 ? page - 1 : null,
    next_page: page < lastPage ? page + 1 : null,
    last_page: lastPage,
    total_entries: total,
  };
}

function positive(name: string, query: URLSearchParams, fallback: number): number {
  const value = Number(query.get(name) ?? fallback);
  if (!Number.isInteger(value) || value < 1) throw invalidField(name, "must be at least 1");
  return value;
}

/** The header `Link` of a list; undefined for any other body. */
export function linkHeader(body: object | undefined, url: URL): string | undefined {
  const { meta } = (body ?? {}) as { readonly meta?: { readonly pagination?: Pagination } };
  if (meta?.pagination === undefined) return undefined;
  const { previous_page, next_page, last_page } = meta.pagination;
  return Object.entries({ prev: previous_page, next: next_page, last: last_page })
    .filter(([, page]) => page !== null)
    .map(([relation, page]) => {
      const target = new URL(url);
      target.searchParams.set("page", String(page));
      return `<${target.href}>; rel="${relation}"`;
    })
    .join(", ");
}

/** hcloud-python sends booleans as `True`. */
export function isTrue(query: URLSearchParams, name: string): boolean {
  return query.get(name)?.toLowerCase() === "true";
}
