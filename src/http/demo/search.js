// Asking the server for words, and showing what it found.
import { avatar, chatName } from '/demo/avatar.js';
import { fill, h } from '/demo/dom.js';
import { icon } from '/demo/icons.js';
import { listTime } from '/demo/format.js';
import { marked, snippet } from '/demo/marking.js';
import { summary, summaryIcon } from '/demo/summary.js';

const PAUSE_MS = 220;

/**
 * A field that asks as one types. `show(state)` gets `{query, items, more, problem, busy}`; answers to what is
 * not asked any more are dropped.
 */
export function searchField(phone, { label, chatId, show }) {
  const input = h('input', {
    class: 'input', type: 'search', name: 'search', placeholder: label, 'aria-label': label, autocomplete: 'off', enterkeyhint: 'search', maxlength: 256, dir: 'auto',
  });
  let timer = null;
  let asked = 0;
  let state = { query: '', items: [], cursor: null };

  const tell = (change) => {
    state = { ...state, ...change };
    show({ ...state, more: Boolean(state.cursor) });
  };

  async function ask(cursor = null) {
    const number = (asked += 1);
    const query = input.value.trim();
    if (!query) return tell({ query, items: [], cursor: null, problem: null, busy: false });
    tell({ query, busy: true, problem: null, ...(cursor ? {} : { items: query === state.query ? state.items : [] }) });
    try {
      const items = cursor ? [...state.items] : [];
      const first = items.length;
      let next = cursor;
      do { // a page may be empty though there are more
        const page = await phone.client.api.get(`/messages/search?${new URLSearchParams({
          q: query, limit: '30', ...(chatId ? { chatId } : {}), ...(next ? { cursor: next } : {}),
        })}`);
        if (number !== asked) return undefined;
        items.push(...page.items);
        next = page.nextCursor;
      } while (next && items.length === first);
      tell({ items, cursor: next, busy: false });
    } catch (problem) {
      if (number === asked) tell({ busy: false, problem });
    }
    return undefined;
  }

  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  });
  input.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    clearTimeout(timer);
    ask();
  });
  return { input, again: () => ask(), more: () => ask(state.cursor), close: () => { clearTimeout(timer); asked += 1; } };
}

/** One found message as a row; `chat` adds where it is. */
export function foundRow(phone, message, query, { onclick, chat = true }) {
  const { client } = phone;
  const copy = client.store.chats.get(message.chatId);
  const who = message.senderId === client.me ? 'You' : client.people.name(message.senderId);
  const where = copy && chat ? chatName(client, copy) : '';
  const sign = summaryIcon(message);
  return h('li', {}, h('button', { class: 'row', type: 'button', disabled: !copy, onclick },
    avatar({ id: message.senderId, name: client.people.name(message.senderId), url: client.people.get(message.senderId).avatarUrl, size: 'small' }),
    h('span', { class: 'row-text' },
      h('span', { class: 'row-line' }, h('span', { class: 'row-title', dir: 'auto' }, where && where !== who ? `${who} · ${where}` : who), h('time', {}, listTime(message.createdAt))),
      h('span', { class: 'row-note two-lines', dir: 'auto' }, sign ? [icon(sign), ' '] : null, marked(snippet(summary(client, message), query), query)))));
}

/** What to say while there is nothing to list. */
export function foundState(el, { query, items, busy, problem, more }, { idle, again, next }) {
  if (problem) {
    fill(el, h('p', {}, problem.friendly ?? 'Something went wrong.'), h('button', { class: 'secondary', type: 'button', onclick: again }, 'Try again'));
  } else if (busy && !items.length) fill(el, h('span', { class: 'spinner', role: 'img', 'aria-label': 'Searching' }));
  else if (!query) fill(el, idle ? h('p', {}, idle) : null);
  else if (!items.length) fill(el, h('p', {}, `Nothing found for “${query}”.`));
  else fill(el, more ? h('button', { class: 'link', type: 'button', onclick: next }, 'Show more') : null);
}
