// The push service's part on this phone: what comes while its socket is closed. In development the server keeps
// an inbox of what it would have handed to Google; it is asked here in their place.
const ASK_MS = 1500;
const MOST = 200;

export class Pushes {
  #timer = null;
  #asking = null;

  /** `hooks`: `changed()`. */
  constructor(client, hooks) {
    Object.assign(this, { client, hooks });
    this.clear();
  }

  clear() {
    this.stop();
    this.available = true;
    this.notes = new Map(); // chat → {chatId, kind, count, at}
  }

  get place() { return this.client.session.read('pushPlace') ?? 0; }
  set place(place) { this.client.session.write('pushPlace', place); }

  /** From now on what is pushed is shown; what was pushed before is no news. */
  async start() {
    this.stop();
    const round = (this.#timer = setTimeout(() => {}, 0));
    await this.ask({ silent: true });
    const { api, session } = this.client;
    if (!this.available) return;
    await api.post('/users/devices', { token: `demo-${session.deviceId}`, platform: 'web' }).catch(() => {});
    if (this.#timer === round) this.#again();
  }

  #again() {
    this.#timer = setTimeout(async () => {
      const round = this.#timer;
      await this.ask();
      if (this.#timer === round) this.#again();
    }, ASK_MS);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Takes what came since the last time. */
  ask(how) {
    this.#asking ??= this.#take(how ?? {}).catch((problem) => {
      if (problem.status === 404) this.available = false;
    }).finally(() => {
      this.#asking = null;
      this.hooks.changed();
    });
    return this.#asking;
  }

  async #take({ silent = false }) {
    let came;
    do {
      came = (await this.client.api.get(`/notifications/inbox?limit=${MOST}&after=${this.place}`)).items;
      for (const push of came) {
        this.place = push.place;
        if (!silent) await this.#arrived(push);
      }
    } while (came.length === MOST);
  }

  /** As a worker that a push woke: reads the chat, says what arrived, shows a note. */
  async #arrived({ data, createdAt }) {
    const { client } = this;
    const { t: kind, chatId } = data;
    if (kind === 'clear') return this.#cleared(chatId, Number(data.readSeq));
    if (kind === 'sync') return client.catchUp.all();
    await client.catchUp.chat(chatId);
    if (kind === 'message' || kind === 'added') {
      const old = this.notes.get(chatId);
      this.notes.delete(chatId); // the newest comes last
      this.notes.set(chatId, { chatId, kind: old?.kind ?? kind, count: (old?.count ?? 0) + Number(data.count ?? 1), at: createdAt, headSeq: Number(data.headSeq ?? 0) });
    }
    if (kind === 'message') await client.api.put('/messages/status', { messageId: data.messageId, status: 'delivered' }).catch(() => {});
    this.hooks.changed();
    return undefined;
  }

  #cleared(chatId, readSeq) {
    const note = this.notes.get(chatId);
    if (note && readSeq >= note.headSeq) this.notes.delete(chatId);
  }

  /** What is still news, newest first. */
  list() {
    for (const [chatId, { kind }] of this.notes) {
      const copy = this.client.store.chats.get(chatId);
      if (copy && kind === 'message' && !copy.unread) this.notes.delete(chatId);
    }
    return [...this.notes.values()].reverse();
  }

  opened(chatId) {
    this.notes.delete(chatId);
  }
}
