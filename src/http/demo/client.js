// One phone's client without its face: session, socket, copies and queues, wired together.
import { Api } from '/demo/api.js';
import { CatchUp } from '/demo/catch-up.js';
import { Marks } from '/demo/marks.js';
import { Outbox } from '/demo/outbox.js';
import { People } from '/demo/people.js';
import { Pushes } from '/demo/pushes.js';
import { Session } from '/demo/session.js';
import { Socket } from '/demo/socket.js';
import { Store } from '/demo/store.js';
import { Uploads } from '/demo/uploads.js';
import { uuid } from '/demo/format.js';

const SMALL_GROUP = 50; // members that are watched: a connection follows 500 people at most

export class Client {
  /** `hooks`: `changed()`, `refused(problem, chatId)`, `signedOut()`. */
  constructor(slot, hooks) {
    this.hooks = hooks;
    this.session = new Session(slot);
    this.api = new Api(this.session, () => this.#forget());
    this.flight = false;
    this.asleep = false;
    this.caughtUp = false;
    this.limits = { textChars: 4096 };
    const changed = () => hooks.changed();
    this.socket = new Socket(this.api, {
      onState: () => this.#connection(),
      onHello: (hello) => this.#hello(hello),
      onFrame: (frame) => this.store.frame(frame),
      onHalt: () => changed(),
    });
    this.store = new Store({
      changed,
      gap: (chatId) => this.catchUp.chat(chatId),
      arrived: (copy) => this.#arrived(copy),
      refreshMeta: (copy) => this.refreshMeta(copy),
      presence: (frame) => this.people.told(frame),
    });
    this.people = new People(this.api, this.socket, { changed, contacts: () => this.watchPeers() });
    this.marks = new Marks(this.socket, this.store, () => this.caughtUp);
    this.catchUp = new CatchUp(this.api, this.store, { changed, done: () => this.#ready(), failed: () => {} });
    this.outbox = new Outbox(this.session, this.socket, {
      changed,
      ready: () => this.caughtUp && this.socket.state === 'open',
      settled: () => this.catchUp.settled(),
      refused: hooks.refused,
    });
    this.uploads = new Uploads(this.api, this.outbox, { changed, refused: hooks.refused });
    this.players = new Map(); // sounds and videos that were shown, with where they stand
    this.pushes = new Pushes(this, { changed });
    document.addEventListener('visibilitychange', () => this.#foreground());
  }

  get me() { return this.store.me; }

  /** `signed-out`, `flight`, `asleep`, `connecting`, `halted`, `catching-up` or `ready`. */
  get state() {
    if (!this.session.signedIn) return 'signed-out';
    if (this.flight) return 'flight';
    if (this.asleep) return 'asleep';
    if (this.socket.state === 'halted') return 'halted';
    if (this.socket.state !== 'open') return 'connecting';
    return this.caughtUp ? 'ready' : 'catching-up';
  }

  start() {
    if (!this.session.signedIn) return;
    this.store.user = this.session.user;
    this.socket.start();
    this.#loadAccount().catch(() => {});
  }

  async #loadAccount() {
    const known = this.store.user;
    const user = await this.api.get('/users/me');
    // What this phone said of itself meanwhile is newer.
    if (this.store.user === known) this.setUser(user);
    const blocked = await this.api.all('/users/blocked');
    blocked.forEach((item) => this.people.learn(item));
    this.store.blocked = new Set(blocked.map((item) => item.userId));
    await this.people.loadContacts();
  }

  setUser(user) {
    this.store.user = user;
    this.session.user = user;
    this.people.learn(user);
    this.hooks.changed();
  }

  async signIn(phone, code) {
    const answer = await this.api.open('/auth/verify-otp', {
      phone, code, deviceId: this.session.deviceId, deviceName: `Phone ${this.session.slot} in a browser`, platform: 'web',
    });
    this.session.tokens = { accessToken: answer.accessToken, refreshToken: answer.refreshToken };
    this.setUser(answer.user);
    this.start();
  }

  /** Ends the session here and on the server; `everywhere` ends all of them. */
  async signOut(everywhere = false) {
    await this.#end(() => this.api.post(everywhere ? '/auth/logout-all' : '/auth/logout'));
  }

  /** The account and everything of it, for good. */
  async deleteAccount() {
    await this.#end(() => this.api.delete('/users/me'));
  }

  /** The socket goes first: closed by the server, it would ask for tokens that are no more. */
  async #end(call) {
    this.socket.stop();
    try {
      await call();
    } catch (problem) {
      if (this.session.tokens) this.socket.start();
      throw problem;
    }
    this.#forget();
  }

  #forget() {
    this.asleep = false;
    this.session.clear();
    this.pushes.clear();
    this.players.clear();
    this.socket.stop();
    this.catchUp.cancel();
    this.store.clear();
    this.people.clear();
    this.outbox.clear();
    this.uploads.clear();
    this.caughtUp = false;
    this.hooks.signedOut();
  }

  setFlight(on) {
    this.flight = on;
    this.api.block(on);
    if (on) this.socket.stop();
    else if (!this.asleep) this.start();
    this.hooks.changed();
  }

  /** Closes the socket and leaves the rest to pushes, as a phone in a pocket does. */
  setAsleep(on) {
    if (this.asleep === on) return;
    this.asleep = on;
    if (on) {
      this.socket.stop();
      this.pushes.start();
    } else {
      this.pushes.stop();
      if (!this.flight) this.start();
      if (this.pushes.available) this.pushes.ask();
    }
    this.hooks.changed();
  }

  #connection() {
    if (this.socket.state !== 'open') {
      this.caughtUp = false;
      this.catchUp?.cancel();
      this.marks?.forget();
      this.people?.forgetPresence();
    }
    this.hooks.changed();
  }

  #hello(hello) {
    Object.assign(this.limits, hello.limits);
    this.store.clockSkewMs = (Date.parse(hello.serverTime) || Date.now()) - Date.now();
    if (this.me !== hello.userId) { // another tab signed this phone in as somebody else
      this.store.clear();
      this.people.clear();
      this.store.user = { id: hello.userId };
      this.#loadAccount().catch(() => {});
    }
    this.#foreground();
    this.catchUp.all();
  }

  #ready() {
    const first = !this.caughtUp;
    this.caughtUp = true;
    this.marks.flushAll();
    this.watchPeers();
    if (first) {
      this.outbox.resume();
      this.uploads.resume();
    }
    this.hooks.changed();
  }

  #arrived(copy) {
    const waiting = this.outbox.of(copy.id);
    for (const { clientMessageId } of waiting) {
      for (const m of copy.messages.values()) {
        if (m.clientMessageId === clientMessageId && m.senderId === this.me) this.outbox.settle(clientMessageId);
      }
    }
    this.marks.flush(copy);
    this.watchPeers();
  }

  /** Whoever may be shown with a dot: the others of direct chats, contacts, members of small groups. */
  watchPeers() {
    if (!this.caughtUp) return;
    const chats = [...this.store.chats.values()];
    const members = chats.flatMap((c) => (c.members?.length <= SMALL_GROUP ? c.members : []));
    const ids = [...chats.map((c) => c.meta.peerId), ...[...this.people.contacts, ...members].map((item) => item.userId)];
    this.people.watch(ids.filter((id) => id !== this.me));
  }

  #foreground() {
    this.socket.send({ type: 'client.state', foreground: document.visibilityState === 'visible' });
  }

  async refreshMeta(copy) {
    try {
      copy.mergeMeta(await this.api.get(`/chats/${copy.id}`));
      this.watchPeers();
    } catch (problem) {
      if (problem.status === 404) copy.left = true;
    }
    this.hooks.changed();
  }

  /** Reads the member list where it may have changed; views call this whenever they draw. */
  ensureMembers(copy) {
    if (!copy.isGroup || !copy.rosterStale || copy.left || this.state !== 'ready') return;
    this.loadMembers(copy).catch(() => {});
  }

  async loadMembers(copy) {
    copy.rosterStale = false;
    copy.members = await this.api.all(`/chats/${copy.id}/participants`);
    copy.members.forEach((item) => this.people.learn(item));
    this.watchPeers();
    this.hooks.changed();
  }

  /** One page of history before what is here. */
  async loadOlder(copy, limit = 50) {
    const page = await this.api.get(`/chats/${copy.id}/messages?before=${copy.low}&limit=${limit}`);
    for (const message of page.items) copy.put(message, this.me, { history: true });
    copy.hasOlder = page.nextCursor !== null && page.items.length > 0;
    this.hooks.changed();
  }

  /** Makes or finds a chat and brings its copy here. */
  async openChat(body) {
    const chat = await this.api.post('/chats', body, { 'Idempotency-Key': uuid() });
    if (!this.store.chats.has(chat.id)) await this.catchUp.chat(chat.id);
    if (!this.store.chats.has(chat.id)) await this.refreshMeta(this.store.adopt(chat.id));
    return this.store.chats.get(chat.id);
  }
}
