// The REST client of one phone: bearer token, one refresh per expiry, problems as errors.
import { sendForm } from '/demo/form.js';

const BASE = '/api/v1';
const TIMEOUT_MS = 15_000;
const CLIENT = { 'X-Client': 'web/1.0.0' };

const SAID = {
  flight: 'Flight mode is on. Turn it off to do this.',
  offline: 'The server cannot be reached right now.',
  timeout: 'The server took too long to answer.',
  rate_limited: 'That was a little fast. Please wait a moment.',
};

const FIELDS = {
  phone: 'The number', phones: 'The numbers', displayName: 'The name', statusText: 'The line about you',
  name: 'The name', description: 'The description', content: 'The message', code: 'The code', emoji: 'The reaction',
  seconds: 'The time', until: 'The time', participantIds: 'The members', userIds: 'The members', chatIds: 'The chats',
  latitude: 'The latitude', longitude: 'The longitude', address: 'The address', caption: 'The caption', q: 'What you search for',
  file: 'The file', mediaId: 'The file', avatarMediaId: 'The picture', fileName: 'The file’s name',
  groupAdd: 'Who may add you', replyToId: 'The message you answer', clientMessageId: 'The message’s own id',
};
const NAMED = new Set(['invalid', 'unsupported_media', 'too_large']);

/** An answer that is no success, in the shape of the contract's problem document. */
export class Problem extends Error {
  constructor({ status = 0, code = 'offline', title, detail, message, errors, retryAfterMs } = {}) {
    super(detail || message || SAID[code] || title || 'Something went wrong.');
    Object.assign(this, { status, code, errors: errors ?? [], retryAfterMs: retryAfterMs ?? null });
  }

  /** One sentence for a person: what was wrong with the fields, else what the server said. */
  get friendly() {
    const named = (field) => FIELDS[field.split('.').at(-1)] ?? field;
    const fields = NAMED.has(this.code) ? this.errors.map((e) => `${named(e.field ?? '')} ${e.message}`) : [];
    const words = fields.join('; ') || SAID[this.code] || this.message;
    return `${words.charAt(0).toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? '' : '.'}`;
  }
}

export class Api {
  #refreshing = null;
  #inFlight = new Set();

  constructor(session, onSignedOut) {
    this.session = session;
    this.onSignedOut = onSignedOut;
    this.blocked = false;
  }

  /** Flight mode: what is under way is cut off, what follows is refused. */
  block(blocked) {
    this.blocked = blocked;
    if (blocked) for (const controller of this.#inFlight) controller.abort();
  }

  get(path) { return this.call('GET', path); }
  post(path, body, headers) { return this.call('POST', path, body, headers); }
  put(path, body) { return this.call('PUT', path, body); }
  patch(path, body) { return this.call('PATCH', path, body); }
  delete(path, body) { return this.call('DELETE', path, body); }

  /** A whole list, page by page. */
  async all(path) {
    const items = [];
    let cursor = null;
    do {
      const page = await this.get(`${path}?limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
      items.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor);
    return items;
  }

  call(method, path, body, headers) {
    return this.#authorized((token) => this.#fetch(method, path, body, { ...headers, ...token }));
  }

  /** Sends a form with files: `{key, signal, progress(part)}`. */
  upload(path, form, { key, signal, progress } = {}) {
    return this.#authorized((token) => this.#guarded(null, async (controller) => {
      signal?.addEventListener('abort', () => controller.abort());
      const headers = { ...CLIENT, ...token, ...(key ? { 'Idempotency-Key': key } : {}) };
      return sendForm(BASE + path, form, { headers, signal: controller.signal, progress });
    }));
  }

  /** With the access token; one that is over is renewed once. */
  async #authorized(run) {
    const token = this.session.tokens?.accessToken;
    try {
      return await run({ Authorization: `Bearer ${token}` });
    } catch (problem) {
      if (problem.status !== 401) throw problem;
      await this.refresh(token);
      return run({ Authorization: `Bearer ${this.session.tokens?.accessToken}` });
    }
  }

  /** For the calls that carry no token. */
  open(path, body) { return this.#fetch('POST', path, body); }

  /** Renews the pair unless another tab already did; only a 401 here means signing in again. */
  refresh(stale = this.session.tokens?.accessToken) {
    const now = this.session.tokens;
    if (!now) {
      this.onSignedOut();
      return Promise.reject(new Problem({ status: 401, code: 'unauthenticated', detail: 'Please sign in again.' }));
    }
    if (now.accessToken !== stale) return Promise.resolve();
    this.#refreshing ??= this.#renew(now).finally(() => { this.#refreshing = null; });
    return this.#refreshing;
  }

  async #renew({ refreshToken }) {
    try {
      const { accessToken, refreshToken: next } = await this.#fetch('POST', '/auth/refresh', {
        refreshToken, deviceId: this.session.deviceId,
      });
      this.session.tokens = { accessToken, refreshToken: next };
    } catch (problem) {
      if (problem.status === 401) this.onSignedOut();
      throw problem;
    }
  }

  #fetch(method, path, body, headers = {}) {
    return this.#guarded(TIMEOUT_MS, async (controller) => {
      const response = await fetch(BASE + path, {
        method,
        signal: controller.signal,
        cache: 'no-store',
        headers: { ...CLIENT, ...headers, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      return { status: response.status, text: await response.text() };
    });
  }

  /** Runs one exchange that can be cut off; what is no success becomes a Problem. */
  async #guarded(timeoutMs, exchange) {
    if (this.blocked) throw new Problem({ code: 'flight' });
    const controller = new AbortController();
    let late = false;
    const timer = timeoutMs ? setTimeout(() => { late = true; controller.abort(); }, timeoutMs) : null;
    this.#inFlight.add(controller);
    try {
      const { status, text } = await exchange(controller);
      const answer = parse(text);
      if (status >= 200 && status < 300) return answer;
      throw new Problem({ code: 'internal', ...answer, status });
    } catch (error) {
      if (error instanceof Problem && error.status) throw error;
      throw new Problem({ code: this.blocked ? 'flight' : late ? 'timeout' : 'offline' });
    } finally {
      clearTimeout(timer);
      this.#inFlight.delete(controller);
    }
  }
}

function parse(text) {
  try {
    return text ? JSON.parse(text) : {};
  } catch {
    return {};
  }
}
