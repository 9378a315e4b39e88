// One chat as this phone knows it. `rev` says how far the copy got: every change is applied once, in order.

const PERSONAL = ['status', 'isStarred'];

export class ChatCopy {
  /** `hidden` are the ids deleted for me, in all chats: they never come back. */
  constructor(id, hidden) {
    this.id = id;
    this.hidden = hidden;
    this.meta = {};
    this.rev = 0;
    this.headSeq = 0;
    this.low = Infinity; // the oldest seq from which on the copy has no hole
    this.hasOlder = false;
    this.messages = new Map();
    this.receipts = new Map(); // user → {deliveredSeq, readSeq}
    this.members = null;
    this.rosterStale = true; // the member list is to be read again before it is shown
    this.typing = new Map(); // user → timer
    this.unread = 0;
    this.left = false;
    this.marks = { ack: 0, read: 0, sentAck: 0, sentRead: 0 };
    this.draft = '';
    this.sorted = null;
  }

  get isGroup() { return this.meta.type === 'group'; }

  /** Messages by seq, without what has expired. */
  list(now) {
    this.sorted ??= [...this.messages.values()].sort((a, b) => a.seq - b.seq);
    return this.sorted.filter((m) => !m.expiresAt || Date.parse(m.expiresAt) > now);
  }

  last(now) {
    return this.list(now).at(-1) ?? null;
  }

  /** Takes what a chat object says; frames leave the personal fields out, so a missing one stays. */
  mergeMeta(chat) {
    for (const [name, value] of Object.entries(chat ?? {})) if (value !== undefined) this.meta[name] = value;
    if (typeof chat?.unreadCount === 'number') this.unread = chat.unreadCount;
    if (typeof chat?.readSeq === 'number') this.marks.sentRead = Math.max(this.marks.sentRead, chat.readSeq);
    this.headSeq = Math.max(this.headSeq, chat?.headSeq ?? 0);
  }

  /** Keeps the later state of a message; what lies before the window comes with the history. */
  put(message, me, { history = false } = {}) {
    if (this.hidden.has(message.id)) return false;
    if (!history && message.seq < this.low && this.low !== Infinity) return false;
    const old = this.messages.get(message.id);
    if (old && old.rev > message.rev) return false;
    const next = { ...message };
    for (const name of PERSONAL) if (next[name] === undefined && old) next[name] = old[name];
    this.messages.set(message.id, next);
    this.low = Math.min(this.low, message.seq);
    this.headSeq = Math.max(this.headSeq, message.seq);
    this.sorted = null;
    if (message.senderId === me) this.#learnReceipts(message);
    else this.marks.ack = Math.max(this.marks.ack, message.seq);
    return !old;
  }

  drop(messageId) {
    this.sorted = null;
    this.hidden.add(messageId);
    return this.messages.delete(messageId);
  }

  /** A new answer of `sync`: the chat's changes since our rev, or with `reset` a fresh start. */
  applySync(item, me) {
    if (item.reset) this.#reset();
    const before = this.headSeq;
    const known = this.rev > 0;
    this.mergeMeta(item.meta);
    let fresh = 0;
    for (const message of item.messages ?? []) {
      const isNew = this.put(message, me);
      if (isNew && message.seq > before && counts(message, me)) fresh += 1;
    }
    if (known && typeof item.meta?.unreadCount !== 'number') this.unread += fresh;
    this.rev = Math.max(this.rev, item.rev ?? 0);
    this.headSeq = Math.max(this.headSeq, item.headSeq ?? 0);
    if (item.reset) {
      if (this.low === Infinity) this.low = this.headSeq + 1;
      this.hasOlder = this.low > 1;
    }
    for (const [userId, mark] of Object.entries(item.receipts ?? {})) {
      this.advance(userId, mark.deliveredSeq ?? 0, mark.readSeq ?? 0);
    }
    const own = item.receipts?.[me];
    if (own) this.ownMarks(own.deliveredSeq ?? 0, own.readSeq ?? 0, me);
  }

  #reset() {
    this.messages.clear();
    this.sorted = null;
    this.rev = 0;
    this.headSeq = 0;
    this.low = Infinity;
    this.rosterStale = true;
    this.left = false;
  }

  /** Moves somebody's watermarks, forward only. */
  advance(userId, deliveredSeq, readSeq) {
    const old = this.receipts.get(userId) ?? { deliveredSeq: 0, readSeq: 0 };
    this.receipts.set(userId, {
      deliveredSeq: Math.max(old.deliveredSeq, deliveredSeq, readSeq),
      readSeq: Math.max(old.readSeq, readSeq),
    });
  }

  /** What the server holds of my own marks: from sync, or because another device of mine read. */
  ownMarks(deliveredSeq, readSeq, me) {
    this.marks.sentAck = Math.max(this.marks.sentAck, deliveredSeq, readSeq);
    if (readSeq <= this.marks.sentRead) return;
    this.marks.sentRead = readSeq;
    this.unread = [...this.messages.values()].filter((m) => m.seq > readSeq && counts(m, me)).length;
  }

  #learnReceipts({ seq, status }) {
    if (!status || this.isGroup) return;
    for (const [userId, mark] of Object.entries(status)) {
      if (mark?.status === 'read') this.advance(userId, seq, seq);
      else if (mark?.status === 'delivered') this.advance(userId, seq, 0);
    }
  }

  /** How far an own message got, over everyone who was there when it was sent. */
  tickOf(message, me) {
    const others = this.isGroup
      ? this.members?.filter((m) => m.userId !== me && !(m.joinedAt > message.createdAt)).map((m) => m.userId)
      : [this.meta.peerId];
    const needed = others ? others.length : (this.meta.participantCount ?? 2) - 1;
    const marks = others ? others.map((id) => this.receipts.get(id)) : [...this.receipts].filter(([id]) => id !== me).map(([, m]) => m);
    const counted = (name, told) => Math.max(marks.filter((m) => m?.[name] >= message.seq).length, told ?? 0);
    const group = this.isGroup ? message.status : null;
    if (needed < 1) return this.#tickAlone(message, me);
    if (counted('readSeq', group?.read) >= needed) return 'read';
    return counted('deliveredSeq', group?.delivered) >= needed ? 'delivered' : 'sent';
  }

  /** Everybody else has left since: the tick says how far it got with whoever was there. */
  #tickAlone({ seq }, me) {
    const marks = [...this.receipts].filter(([id]) => id !== me).map(([, mark]) => mark);
    if (marks.some((m) => m.readSeq >= seq)) return 'read';
    return marks.some((m) => m.deliveredSeq >= seq) ? 'delivered' : 'sent';
  }
}

/** Whether a message adds to the unread number. */
export function counts(message, me) {
  return message.senderId !== me && message.type !== 'system';
}
