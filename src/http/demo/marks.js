// Telling the server what arrived here and what was read. Marks only rise, so saying them twice is harmless.

export class Marks {
  constructor(socket, store, ready) {
    Object.assign(this, { socket, store, ready });
  }

  /** Everything of this chat that is here has been seen. */
  read(copy) {
    copy.marks.read = Math.max(copy.marks.read, copy.marks.ack);
    const was = copy.unread;
    copy.unread = 0;
    this.flush(copy);
    return was > 0;
  }

  flush(copy) {
    if (copy.left || !this.ready()) return;
    const { marks, id: chatId } = copy;
    if (marks.read > marks.sentRead && this.socket.send({ type: 'message.read', chatId, seq: marks.read })) {
      marks.sentRead = marks.read;
      marks.sentAck = Math.max(marks.sentAck, marks.read);
    }
    if (marks.ack > marks.sentAck && this.socket.send({ type: 'message.ack', chatId, seq: marks.ack })) {
      marks.sentAck = marks.ack;
    }
    const me = this.store.me;
    if (me) copy.advance(me, marks.sentAck, marks.sentRead);
  }

  flushAll() {
    for (const copy of this.store.chats.values()) this.flush(copy);
  }

  /** The connection went: what was said last may be lost, so it is said again. */
  forget() {
    for (const { marks } of this.store.chats.values()) {
      if (marks.read && marks.sentRead === marks.read) marks.sentRead -= 1;
      if (marks.ack && marks.sentAck === marks.ack) marks.sentAck -= 1;
    }
  }
}
