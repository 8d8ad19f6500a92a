import type { Store, UserRecord } from "../store/port.ts";

/**
 * The SIP accounts in memory, written through to the store: every request of a phone looks one up. About 400 bytes an
 * account; their number is the administrator's own doing, so there is no other limit.
 */
export class Accounts {
  readonly #store: Store["users"];
  readonly #users: Map<string, UserRecord>;

  private constructor(store: Store["users"], users: Map<string, UserRecord>) {
    this.#store = store;
    this.#users = users;
  }

  static async load(store: Store["users"]): Promise<Accounts> {
    return new Accounts(store, new Map((await store.list()).map((user) => [user.aor, user])));
  }

  has(aor: string): boolean {
    return this.#users.has(aor);
  }

  find(aor: string): UserRecord | undefined {
    return this.#users.get(aor);
  }

  get(aor: string): Promise<UserRecord | undefined> {
    return Promise.resolve(this.#users.get(aor));
  }

  list(): Promise<readonly UserRecord[]> {
    return Promise.resolve([...this.#users.values()]);
  }

  async put(user: UserRecord): Promise<void> {
    await this.#store.put(user);
    this.#users.set(user.aor, user);
  }

  async remove(aor: string): Promise<boolean> {
    const removed = await this.#store.remove(aor);
    this.#users.delete(aor);
    return removed;
  }
}
