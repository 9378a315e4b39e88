// Who is who: names, numbers and who is online, gathered from wherever they are told.
import { phoneNumber } from '/demo/format.js';

const SUBSCRIBED_AT_ONCE = 200;
const SUBSCRIBED_IN_ALL = 500;

export class People {
  /** `hooks`: `changed()`, `contacts()` when they were read anew. */
  constructor(api, socket, hooks) {
    Object.assign(this, { api, socket, hooks });
    this.clear();
  }

  clear() {
    this.known = new Map();
    this.contacts = [];
    this.presence = new Map();
    this.watched = new Set();
    this.asked = new Set();
  }

  /** Adds what an item says about a person; empty fields say nothing. */
  learn(item) {
    const id = item?.userId ?? item?.id;
    if (!id) return;
    const person = this.known.get(id) ?? { id };
    for (const name of ['displayName', 'phone', 'avatarUrl', 'statusText', 'lastSeen']) {
      if (item[name]) person[name] = item[name];
    }
    this.known.set(id, person);
  }

  get(id) {
    return this.known.get(id) ?? { id };
  }

  /** A name to show; who is unknown yet is looked up once. */
  name(id) {
    const person = this.get(id);
    if (id && !person.displayName) this.lookUp(id);
    return person.displayName || phoneNumber(person.phone) || 'Someone';
  }

  async lookUp(id, { again = false } = {}) {
    if (!id || (this.asked.has(id) && !again)) return;
    this.asked.add(id);
    try {
      this.learn(await this.api.get(`/users/${id}`));
      this.hooks.changed();
    } catch (problem) {
      if (problem.status !== 404) this.asked.delete(id);
      else if (!this.get(id).displayName) {
        this.learn({ id, displayName: 'Deleted account' });
        this.hooks.changed();
      }
    }
  }

  async loadContacts() {
    const items = await this.api.all('/users/contacts');
    items.forEach((item) => this.learn(item));
    this.contacts = items.sort((a, b) => (a.displayName || '').localeCompare(b.displayName || ''));
    this.hooks.contacts();
    this.hooks.changed();
  }

  /** Finds the people behind phone numbers and keeps them as contacts. */
  async find(phones) {
    const { contacts } = await this.api.post('/users/contacts/sync', { phones });
    contacts.forEach((contact) => this.learn(contact));
    this.loadContacts().catch(() => {});
    return contacts;
  }

  told({ userId, online, lastSeen }) {
    this.presence.set(userId, { online, lastSeen: lastSeen ?? null });
  }

  /** Follows people's presence on this connection. */
  watch(ids) {
    const fresh = [...new Set(ids)].filter((id) => id && !this.watched.has(id)).slice(0, SUBSCRIBED_IN_ALL - this.watched.size);
    for (let at = 0; at < fresh.length; at += SUBSCRIBED_AT_ONCE) {
      const userIds = fresh.slice(at, at + SUBSCRIBED_AT_ONCE);
      if (!this.socket.send({ type: 'presence.subscribe', userIds })) return;
      userIds.forEach((id) => this.watched.add(id));
    }
  }

  /** The connection went: nobody is followed any more, and nobody is known to be online. */
  forgetPresence() {
    this.watched.clear();
    this.presence.clear();
  }
}
