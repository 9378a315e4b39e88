// Messages on their way out. One at a time per chat, under one clientMessageId until the server's word is certain.
import { uuid } from '/demo/format.js';

const AGAIN = new Set(['outcome_unknown', 'unavailable', 'timeout', 'internal', 'rate_limited', 'offline', 'flight']);

export class Outbox {
  #busy = new Set();
  #tries = new Map();
  #timers = new Map();

  /** `hooks`: `ready()`, `settled()`, `changed()`, `refused(problem, chatId)`. */
  constructor(session, socket, hooks) {
    Object.assign(this, { session, socket, hooks });
    this.load();
  }

  load() {
    this.items = this.session.outbox;
  }

  of(chatId) {
    return this.items.filter((item) => item.chatId === chatId);
  }

  add(chatId, content, replyToId) {
    this.send(chatId, { type: 'text', content, replyToId });
  }

  /** A message of any kind: `{type, content or payload, replyToId?, clientMessageId?, createdAt?}`. */
  send(chatId, message) {
    this.items.push({ clientMessageId: uuid(), createdAt: new Date().toISOString(), ...message, chatId });
    this.#save();
    this.pump(chatId);
  }

  /** The server has it: by an ack, a frame or a sync. */
  settle(clientMessageId) {
    this.#remove(clientMessageId);
  }

  remove(clientMessageId) {
    this.#remove(clientMessageId);
    this.hooks.changed();
  }

  retry(clientMessageId) {
    const item = this.items.find((i) => i.clientMessageId === clientMessageId);
    if (!item) return;
    delete item.failed;
    this.#save();
    this.pump(item.chatId);
  }

  pumpAll() {
    for (const chatId of new Set(this.items.map((item) => item.chatId))) this.pump(chatId);
  }

  async pump(chatId) {
    this.hooks.changed();
    if (this.#busy.has(chatId) || this.#timers.has(chatId) || !this.hooks.ready()) return;
    const item = this.items.find((i) => i.chatId === chatId && !i.failed);
    if (!item) return;
    this.#busy.add(chatId);
    try {
      await this.socket.request({
        type: 'message.send',
        chatId,
        clientMessageId: item.clientMessageId,
        message: {
          type: item.type ?? 'text', ...(item.payload ? { payload: item.payload } : { content: item.content }),
          ...(item.replyToId ? { replyToId: item.replyToId } : {}),
        },
      });
      this.#tries.delete(chatId);
      await this.hooks.settled(); // the ack may wait behind a catch-up: no gap between the two bubbles
      this.#remove(item.clientMessageId);
    } catch (problem) {
      this.#refused(item, problem);
    } finally {
      this.#busy.delete(chatId);
    }
    this.pump(chatId);
  }

  #refused(item, problem) {
    if (AGAIN.has(problem.code)) {
      const tries = (this.#tries.get(item.chatId) ?? 0) + 1;
      this.#tries.set(item.chatId, tries);
      const wait = problem.retryAfterMs ?? Math.min(15_000, 500 * 2 ** tries);
      this.#timers.set(item.chatId, setTimeout(() => {
        this.#timers.delete(item.chatId);
        this.pump(item.chatId);
      }, wait));
    } else {
      item.failed = problem.friendly;
      this.#save();
      this.hooks.refused(problem, item.chatId);
    }
  }

  /** A new connection: waiting times of the old one do not count. */
  resume() {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#tries.clear();
    this.pumpAll();
  }

  clear() {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.items = [];
  }

  #remove(clientMessageId) {
    const at = this.items.findIndex((i) => i.clientMessageId === clientMessageId);
    if (at < 0) return;
    this.items.splice(at, 1);
    this.#save();
  }

  #save() {
    this.session.outbox = this.items;
  }
}
