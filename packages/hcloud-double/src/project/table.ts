import { invalidField, notFound, notUnique } from "../http/api-error.ts";
import type { Reference } from "../http/body.ts";

/** The resources of one kind. */
export class Table<T extends { readonly id: number; readonly name: string | null }> {
  readonly #kind: string;
  readonly #all = new Map<number, T>();

  constructor(kind: string, all: readonly T[] = []) {
    this.#kind = kind;
    for (const resource of all) this.add(resource);
  }

  get all(): readonly T[] {
    return [...this.#all.values()];
  }

  add(resource: T): T {
    this.#all.set(resource.id, resource);
    return resource;
  }

  delete({ id }: T): void {
    this.#all.delete(id);
  }

  byId(id: number | null): T | undefined {
    return id === null ? undefined : this.#all.get(id);
  }

  /** The resource of a path. @throws ApiError 404 */
  get(id: string | undefined): T {
    const found = this.byId(Number(id));
    if (found === undefined) throw notFound(`${this.#kind} ${id}`);
    return found;
  }

  /** The resource that a body names by id or name. @throws ApiError 422 for `field` */
  find(reference: Reference, field: string): T {
    const found = this.byId(Number(reference)) ?? this.all.find(({ name }) => name === reference);
    if (found === undefined) throw invalidField(field, `${this.#kind} ${reference} not found`);
    return found;
  }

  /** @throws ApiError 409 if another resource than `self` has the name */
  requireFree(name: string | undefined, self?: T): void {
    if (name === undefined) return;
    if (this.all.some((other) => other.name === name && other.id !== self?.id))
      throw notUnique(this.#kind, "name");
  }
}
