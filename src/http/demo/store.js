// The local copy of one account: its chats and its own log. Frames in, changes out.
import { ChatCopy, counts } from '/demo/chat-copy.js';

const TYPING_MS = 6000;
const LOGGED = new Set(['ack', 'message.new', 'message.updated', 'message.deleted', 'chat.created', 'chat.updated',
  'chat.rev', 'group.member.added', 'group.member.removed']);

export class Store {
  /** `hooks`: `changed()`, `gap(chatId?)`, `arrived(copy)`, `refreshMeta(copy)`, `presence(frame)`. */
  constructor(hooks) {
    this.hooks = hooks;
    this.clear();
  }

  clear() {
    this.chats = new Map();
    this.user = null;
    this.meRev = 0;
    this.acks = undefined;
    this.privacy = null;
    this.blocked = new Set();
    this.hidden = new Set();
    this.clockSkewMs = 0;
    this.aside = null; // frames kept back while a catch-up is reading
  }

  get me() { return this.user?.id ?? null; }
  get now() { return Date.now() + this.clockSkewMs; }

  revs() {
    return Object.fromEntries([...this.chats.values()].filter((c) => !c.left && c.rev > 0).map((c) => [c.id, c.rev]));
  }

  /** Pinned first, then by the newest message. */
  ordered() {
    const at = (c) => c.last(this.now)?.createdAt ?? c.meta.lastMessage?.createdAt ?? c.meta.createdAt ?? '';
    return [...this.chats.values()].filter((c) => c.meta.type)
      .sort((a, b) => (b.meta.isPinned === true) - (a.meta.isPinned === true) || (at(a) < at(b) ? 1 : -1));
  }

  directWith(userId) {
    return [...this.chats.values()].find((c) => c.meta.type === 'direct' && c.meta.peerId === userId);
  }

  frame(frame) {
    if (LOGGED.has(frame.type)) {
      if (frame.type === 'ack' && !frame.message) return;
      if (this.aside) this.aside.push(frame);
      else this.#logged(frame);
    } else if (frame.type === 'message.status') this.#status(frame);
    else if (frame.type === 'me.updated') this.#meUpdated(frame);
    else if (frame.type === 'typing.start' || frame.type === 'typing.stop') this.#typing(frame);
    else if (frame.type === 'presence.updated') this.hooks.presence(frame);
    else if (frame.type === 'heads') this.#heads(frame);
    else if (frame.type === 'sender.erased') this.hooks.gap(frame.chatId); // who deleted the account left many tombstones at once
    else return;
    this.hooks.changed();
  }

  /** The rev discipline: r + 1 is applied, r or below dropped, anything above is a gap. */
  #logged(frame) {
    let copy = this.chats.get(frame.chatId);
    if (!copy && frame.type === 'chat.created') {
      copy = this.adopt(frame.chatId);
      copy.low = 1;
    }
    if (!copy || copy.rev === 0 && frame.rev > 1) return this.hooks.gap(frame.chatId);
    if (copy.left) return frame.userIds?.includes(this.me) && this.hooks.gap(frame.chatId);
    if (frame.rev <= copy.rev) return;
    if (frame.rev > copy.rev + 1) return this.hooks.gap(frame.chatId);
    copy.rev = frame.rev;
    copy.mergeMeta(frame.chat);
    if (frame.message) this.#message(copy, frame.message);
    else if (frame.type === 'chat.created') this.hooks.arrived(copy);
    if (frame.type === 'group.member.removed' && frame.userIds?.includes(this.me)) copy.left = true;
    if (frame.message?.type === 'system') this.#roster(copy, frame.message.payload ?? {});
  }

  #message(copy, message) {
    const seen = copy.headSeq;
    const isNew = copy.put(message, this.me);
    clearTimeout(copy.typing.get(message.senderId));
    copy.typing.delete(message.senderId);
    if (isNew && message.seq > seen && counts(message, this.me)) copy.unread += 1;
    this.hooks.arrived(copy);
  }

  #roster(copy, payload) {
    if (copy.left || payload.event === 'timer_changed') return;
    copy.rosterStale = true;
    this.hooks.refreshMeta(copy);
  }

  adopt(chatId) {
    const copy = new ChatCopy(chatId, this.hidden);
    this.chats.set(chatId, copy);
    return copy;
  }

  #status({ chatId, userId, status, upToSeq }) {
    const copy = this.chats.get(chatId);
    if (!copy) return;
    const read = status === 'read' ? upToSeq : 0;
    copy.advance(userId, upToSeq, read);
    if (userId === this.me) copy.ownMarks(upToSeq, read, this.me);
  }

  #typing({ type, chatId, userId }) {
    const copy = this.chats.get(chatId);
    if (!copy || userId === this.me) return;
    clearTimeout(copy.typing.get(userId));
    copy.typing.delete(userId);
    if (type === 'typing.stop') return;
    copy.typing.set(userId, setTimeout(() => {
      copy.typing.delete(userId);
      this.hooks.changed();
    }, TYPING_MS));
  }

  #heads({ chats, me }) {
    for (const [id, { rev }] of Object.entries(chats ?? {})) {
      const copy = this.chats.get(id);
      if (!copy?.left && rev > (copy?.rev ?? 0)) this.hooks.gap(id);
    }
    if (me > this.meRev) this.hooks.gap();
  }

  #meUpdated({ rev, changes }) {
    if (rev <= this.meRev) return;
    if (rev > this.meRev + 1) return this.hooks.gap();
    this.applyMe({ rev, changes });
  }

  /** My own log: profile, privacy, blocks, mutes and pins, stars, what I hid. */
  applyMe({ rev, changes }) {
    this.meRev = Math.max(this.meRev, rev ?? 0);
    if (changes?.user) this.user = { ...this.user, ...changes.user };
    if (changes?.privacy) this.privacy = changes.privacy;
    if (changes?.blocked) this.blocked = new Set(changes.blocked);
    for (const [id, mine] of Object.entries(changes?.chats ?? {})) this.chats.get(id)?.mergeMeta(mine);
    for (const [id, chatId] of Object.entries(changes?.hidden ?? {})) {
      this.hidden.add(id);
      this.chats.get(chatId)?.drop(id);
    }
    for (const [id, isStarred] of Object.entries(changes?.stars ?? {})) {
      for (const copy of this.chats.values()) if (copy.messages.has(id)) copy.messages.get(id).isStarred = isStarred;
    }
  }

  /** One answer of `POST /sync`. */
  applySync(answer) {
    for (const item of answer.chats ?? []) {
      const copy = this.chats.get(item.chatId) ?? this.adopt(item.chatId);
      copy.applySync(item, this.me);
      const changes = (item.messages ?? []).some((m) => m.type === 'system');
      if (changes) copy.rosterStale = true;
      if (!copy.meta.type || (changes && !item.meta)) this.hooks.refreshMeta(copy);
      this.hooks.arrived(copy);
    }
    for (const id of answer.left ?? []) if (this.chats.has(id)) this.chats.get(id).left = true;
    if (answer.me) this.applyMe(answer.me);
  }

  /** Lets the frames kept back through; the discipline sorts out what the catch-up already brought. */
  release() {
    const frames = this.aside ?? [];
    this.aside = null;
    for (const frame of frames) this.#logged(frame);
    this.hooks.changed();
  }
}
