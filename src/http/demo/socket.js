// One phone's WebSocket: ticket, hello, sign-of-life watchdog, reconnecting by the close-code rules.
import { Problem } from '/demo/api.js';
import { uuid } from '/demo/format.js';

const ANSWER_MS = 10_000;
const QUIET_LIMIT = 2.4; // of the heartbeats that `hello` promises
const STEADY_MS = 5000;
const LONGEST_TIMER_MS = 2_000_000_000;

export class Socket {
  #ws = null;
  #waiting = new Map();
  #tries = 0;
  #generation = 0;
  #timers = {};
  #lastFrameAt = 0;
  #heartbeatMs = 25_000;
  #goAwayMs = null;
  #state = 'off';

  /** `handlers`: `onState(state)`, `onHello(frame)`, `onFrame(frame)`; states are off, connecting, open, halted. */
  constructor(api, handlers) {
    this.api = api;
    this.handlers = handlers;
    addEventListener('online', () => this.hurry());
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.#watch();
    });
  }

  get state() { return this.#state; }

  /** Several attempts in a row came to nothing. */
  get struggling() { return this.#tries >= 2; }

  start() {
    if (this.#state === 'off' || this.#state === 'halted') this.#connect();
  }

  stop() {
    this.#drop('off');
    this.#tries = 0;
  }

  /** Skips a waiting time, when the network is said to be back or a person asks. */
  hurry() {
    if (this.#state === 'halted' || (this.#state === 'connecting' && this.#timers.retry)) {
      clearTimeout(this.#timers.retry);
      this.#connect();
    }
  }

  /** Sends and forgets; false when nothing is connected. */
  send(frame) {
    if (this.#state !== 'open') return false;
    this.#ws.send(JSON.stringify(frame));
    return true;
  }

  /** Sends and resolves with the `ack` (or `pong`), or rejects with a Problem. */
  request(frame) {
    const id = uuid();
    return new Promise((resolve, reject) => {
      if (!this.send({ ...frame, id })) return reject(new Problem({ code: 'offline' }));
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Problem({ code: 'timeout' }));
      }, ANSWER_MS);
      this.#waiting.set(id, { resolve, reject, timer });
    });
  }

  async #connect() {
    this.#drop('connecting');
    const generation = this.#generation;
    try {
      const { ticket } = await this.api.post('/auth/ws-ticket');
      if (generation !== this.#generation) return;
      this.#open(ticket);
    } catch (problem) {
      if (generation !== this.#generation) return;
      if (problem.code === 'upgrade_required') this.#halt(problem.friendly);
      else this.#retry();
    }
  }

  #open(ticket) {
    const url = new URL(`/ws?ticket=${encodeURIComponent(ticket)}`, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    const ws = new WebSocket(url, 'troupe.v1');
    this.#ws = ws;
    ws.onmessage = ({ data }) => this.#receive(data);
    ws.onclose = ({ code, reason }) => this.#closed(code, reason);
    this.#timers.open = setTimeout(() => this.#closed(1006), ANSWER_MS);
  }

  #receive(data) {
    this.#lastFrameAt = Date.now();
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return;
    }
    if (frame.type === 'hello') return this.#hello(frame);
    if (frame.type === 'goaway') this.#goAwayMs = frame.reconnectAfterMs ?? 1000;
    const waiting = frame.id && this.#waiting.get(frame.id);
    if (waiting && (frame.type === 'ack' || frame.type === 'pong' || frame.type === 'error')) {
      this.#waiting.delete(frame.id);
      clearTimeout(waiting.timer);
      if (frame.type === 'error') return waiting.reject(new Problem({ status: 400, ...frame }));
      waiting.resolve(frame);
    }
    this.handlers.onFrame(frame);
  }

  #hello(frame) {
    clearTimeout(this.#timers.open);
    // A connection that ends at once must not bring us back at once.
    this.#timers.steady = setTimeout(() => { this.#tries = 0; }, STEADY_MS);
    this.#goAwayMs = null;
    this.#heartbeatMs = (frame.heartbeatSeconds || 25) * 1000;
    this.#timers.watch = setInterval(() => this.#watch(), 5000);
    this.#renewBefore(frame.tokenExpiresAt, frame.serverTime);
    this.#enter('open');
    this.handlers.onHello(frame);
  }

  #watch() {
    if (this.#state === 'open' && Date.now() - this.#lastFrameAt > this.#heartbeatMs * QUIET_LIMIT) this.#closed(1006);
  }

  /** Renews the session on the open socket a minute before its token ends. */
  #renewBefore(expiresAt, serverTime) {
    clearTimeout(this.#timers.renew);
    const left = Date.parse(expiresAt) - (Date.parse(serverTime) || Date.now()) - 60_000;
    if (!Number.isFinite(left)) return;
    this.#timers.renew = setTimeout(async () => {
      try {
        await this.api.refresh();
        const ack = await this.request({ type: 'auth', token: this.api.session.tokens.accessToken });
        this.#renewBefore(ack.tokenExpiresAt);
      } catch { /* the close code 4401 brings us back */ }
    }, Math.min(Math.max(left, 1000), LONGEST_TIMER_MS));
  }

  async #closed(code, reason) {
    const goAwayMs = this.#goAwayMs;
    this.#drop('connecting');
    if (code === 4400) return this.#halt(reason);
    if (code === 4401) {
      const generation = this.#generation;
      await this.api.refresh().catch(() => {});
      if (generation !== this.#generation) return;
    }
    this.#retry(goAwayMs);
  }

  #retry(afterMs) {
    const ceiling = Math.min(30_000, 500 * 2 ** this.#tries++);
    const wait = (afterMs ?? 0) + ceiling * (0.25 + 0.75 * Math.random());
    this.#timers.retry = setTimeout(() => this.#connect(), wait);
    this.handlers.onState(this.#state);
  }

  #halt(reason) {
    this.#drop('halted');
    this.handlers.onHalt?.(reason);
  }

  /** Lets go of the present socket, whatever state it is in, without waiting for its close. */
  #drop(state) {
    this.#generation += 1;
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#timers = {};
    this.#goAwayMs = null;
    const ws = this.#ws;
    this.#ws = null;
    if (ws) {
      ws.onmessage = ws.onclose = null;
      ws.close(1000);
    }
    this.#enter(state);
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new Problem({ code: 'offline' }));
    }
    this.#waiting.clear();
  }

  #enter(state) {
    if (this.#state === state) return;
    this.#state = state;
    this.handlers.onState(state);
  }
}
