// Catching up by `POST /sync`: once after every connect, and for single chats when a gap shows.

const MOST_PAGES = 200;
const AGAIN_MS = 2000;

export class CatchUp {
  #running = null;
  #wanted = null; // null, 'all', or a set of chat ids
  #retry = null;
  #generation = 0;

  constructor(api, store, hooks) {
    Object.assign(this, { api, store, hooks });
  }

  /** Drops what is under way, because the connection went or someone signed out. */
  cancel() {
    this.#generation += 1;
    clearTimeout(this.#retry);
    this.#wanted = null;
    if (this.#running) this.store.release();
    this.#running = null;
  }

  /** Everything since our revs. */
  all() {
    this.#wanted = 'all';
    return this.#run();
  }

  /** One chat whose copy has a gap; without an id my own log, which every answer carries. */
  chat(chatId) {
    if (this.#wanted !== 'all') {
      this.#wanted ??= new Set();
      if (chatId) this.#wanted.add(chatId);
    }
    return this.#run();
  }

  /** Resolves when nothing is being read any more. */
  settled() { return this.#running; }

  #run() {
    this.#running ??= this.#loop(this.#generation);
    return this.#running;
  }

  async #loop(generation) {
    await null; // gaps seen in the same turn are asked for together
    try {
      while (this.#wanted && generation === this.#generation) {
        const wanted = this.#wanted;
        this.#wanted = null;
        this.store.aside ??= [];
        const done = await this.#pages(wanted === 'all' || !wanted.size ? null : [...wanted], generation);
        if (generation !== this.#generation) return;
        if (!done) this.#later(wanted);
        this.store.release();
        if (!done) return;
      }
    } finally {
      if (generation === this.#generation) this.#running = null;
    }
    if (generation === this.#generation) this.hooks.done();
  }

  async #pages(only, generation) {
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const revs = this.store.revs();
      const body = { chats: revs, me: this.store.meRev };
      if (only) {
        body.only = only;
        body.chats = Object.fromEntries(only.filter((id) => id in revs).map((id) => [id, revs[id]]));
      } else if (this.store.acks !== undefined) body.acks = this.store.acks;
      let answer;
      try {
        answer = await this.api.post('/sync', body);
      } catch (problem) {
        this.hooks.failed(problem);
        return false;
      }
      if (generation !== this.#generation) return false;
      this.store.applySync(answer);
      if (!only && answer.acks !== undefined && answer.acks !== null) this.store.acks = answer.acks;
      this.hooks.changed();
      if (!answer.more && !answer.me?.more && !(answer.chats ?? []).some((c) => c.more)) return true;
    }
    return true;
  }

  #later(wanted) {
    this.#retry = setTimeout(() => (wanted === 'all' ? this.all() : [...wanted, null].forEach((id) => this.chat(id))), AGAIN_MS);
  }
}
