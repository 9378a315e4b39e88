// Files on their way up. Each becomes a message once the server has it; until then it can be stopped or tried again.
import { uuid } from '/demo/format.js';

const AT_ONCE = 2;
const KEPT_PREVIEWS = 40;
const PASSING = new Set(['offline', 'flight', 'timeout', 'unavailable']);

export class Uploads {
  /** `hooks`: `changed()`, `refused(problem, chatId)`. */
  constructor(api, outbox, hooks) {
    Object.assign(this, { api, outbox, hooks });
    this.items = [];
    this.previews = new Map(); // clientMessageId → {url, width, height, durationMs}: own pictures need no second way
  }

  of(chatId) {
    return this.items.filter((item) => item.chatId === chatId);
  }

  /** `what`: `{file, type, caption, replyToId, local}` with `local` as in `previews`. */
  add(chatId, what) {
    const item = { ...what, chatId, clientMessageId: uuid(), createdAt: new Date().toISOString(), upload: true, progress: 0, state: 'queued' };
    this.items.push(item);
    this.#remember(item);
    this.#pump();
  }

  retry(item) {
    item.state = 'queued';
    delete item.failed;
    this.#pump();
  }

  cancel(item) {
    item.state = 'cancelled';
    item.controller?.abort();
    this.#drop(item);
    this.hooks.changed();
  }

  /** The network is back. */
  resume() {
    for (const item of this.items) if (item.state === 'failed' && item.passing) this.retry(item);
  }

  clear() {
    for (const item of this.items) {
      item.state = 'cancelled';
      item.controller?.abort();
    }
    this.items = [];
    for (const { url } of this.previews.values()) if (url) URL.revokeObjectURL(url);
    this.previews.clear();
  }

  #pump() {
    for (const item of this.items) {
      if (this.items.filter((one) => one.state === 'running').length >= AT_ONCE) break;
      if (item.state === 'queued') this.#run(item);
    }
    this.hooks.changed();
  }

  async #run(item) {
    item.state = 'running';
    item.progress = 0;
    item.controller = new AbortController();
    try {
      const { mediaId } = await uploadFile(this.api, item, {
        key: item.clientMessageId,
        signal: item.controller.signal,
        progress: (part) => {
          item.progress = part;
          item.show?.(part);
        },
      });
      if (item.state !== 'running') return;
      this.#drop(item);
      this.outbox.send(item.chatId, {
        type: item.type,
        payload: { mediaId, ...(item.caption ? { caption: item.caption } : {}), ...(item.type === 'document' ? { fileName: item.file.name } : {}) },
        replyToId: item.replyToId, clientMessageId: item.clientMessageId, createdAt: item.createdAt,
      });
    } catch (problem) {
      if (item.state === 'cancelled') return;
      item.state = 'failed';
      item.passing = PASSING.has(problem.code);
      item.failed = item.passing ? 'it goes up when the connection is back.' : problem.friendly ?? 'Something went wrong.';
      if (!item.passing) this.hooks.refused(problem, item.chatId);
    } finally {
      this.#pump();
    }
  }

  #drop(item) {
    const at = this.items.indexOf(item);
    if (at >= 0) this.items.splice(at, 1);
  }

  #remember({ clientMessageId, local }) {
    this.previews.set(clientMessageId, local ?? {});
    const [oldest] = this.previews.keys();
    if (this.previews.size <= KEPT_PREVIEWS || this.items.some((item) => item.clientMessageId === oldest)) return;
    const { url } = this.previews.get(oldest);
    if (url) URL.revokeObjectURL(url);
    this.previews.delete(oldest);
  }
}

/** `POST /media/upload` of `{file, type, chatId?}`. */
export function uploadFile(api, { file, type, chatId }, options) {
  const form = new FormData();
  form.append('type', type); // first, so that its limit holds while the file comes
  if (chatId) form.append('chat_id', chatId);
  form.append('file', file, file.name);
  return api.upload('/media/upload', form, options);
}
