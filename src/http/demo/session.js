// What one phone keeps across reloads: its tokens, who it is, and messages not sent yet.
import { uuid } from '/demo/format.js';

/** Local storage under one phone's own prefix; it falls back to memory where storage is refused. */
export class Session {
  #memory = {};

  constructor(slot) {
    this.slot = slot;
    this.prefix = `troupe.phone${slot}.`;
    if (!this.read('deviceId')) this.write('deviceId', uuid());
  }

  read(name) {
    try {
      return JSON.parse(localStorage.getItem(this.prefix + name));
    } catch {
      return this.#memory[name] ?? null;
    }
  }

  write(name, value) {
    this.#memory[name] = value;
    try {
      localStorage.setItem(this.prefix + name, JSON.stringify(value));
    } catch { /* private mode: this page session only */ }
  }

  get deviceId() { return this.read('deviceId'); }
  get tokens() { return this.read('tokens'); }
  set tokens(tokens) { this.write('tokens', tokens); }
  get user() { return this.read('user'); }
  set user(user) { this.write('user', user); }
  get outbox() { return this.read('outbox') ?? []; }
  set outbox(messages) { this.write('outbox', messages); }
  get signedIn() { return Boolean(this.tokens); }

  clear() {
    for (const name of ['tokens', 'user', 'outbox', 'pushPlace', 'exported']) this.write(name, null);
  }
}
