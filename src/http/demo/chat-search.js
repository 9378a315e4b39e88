// Searching in one chat: a bar in place of its header, a list over it, then from one to the next.
import { fill, h } from '/demo/dom.js';
import { foundRow, foundState, searchField } from '/demo/search.js';
import { roundButton } from '/demo/parts.js';

/** `hooks`: `jump(seq)`, `marking(query)` when other words are to be marked, `closed()`. */
export function chatSearch(phone, copy, { jump, marking, closed }) {
  const search = searchField(phone, { label: 'Search in this chat', chatId: copy.id, show });
  const found = h('ul', { class: 'found-list', 'aria-label': 'Messages found' });
  const state = h('div', { class: 'found-state', role: 'status' });
  const over = h('div', { class: 'found-over' }, found, state);
  const count = h('span', { role: 'status' });
  const steps = h('div', { class: 'found-steps', hidden: true },
    count, roundButton('up', 'Earlier match', () => go(at + 1)), roundButton('down', 'Later match', () => go(at - 1)));
  const bar = h('div', { class: 'find-bar', role: 'search' }, roundButton('back', 'End the search', close, { class: 'round back-search' }), search.input, steps);
  let items = [];
  let query = '';
  let more = false;
  let at = -1;

  function show(now) {
    ({ items, query, more } = now);
    at = -1;
    steps.hidden = true;
    over.hidden = false;
    marking(query);
    fill(found, items.map((message, index) => foundRow(phone, message, query, { chat: false, onclick: () => go(index) })));
    foundState(state, now, { idle: 'Beginnings of words will do; capitals and accents do not matter.', again: search.again, next: search.more });
  }

  function go(index) {
    if (index < 0 || index >= items.length) return;
    at = index;
    over.hidden = true;
    steps.hidden = false;
    count.textContent = `${at + 1} of ${items.length}${more ? '+' : ''}`;
    const [up, down] = steps.querySelectorAll('button');
    up.disabled = at === items.length - 1;
    down.disabled = at === 0;
    jump(items[at].seq);
  }

  function close() {
    search.close();
    bar.remove();
    over.remove();
    marking('');
    closed();
  }

  search.input.addEventListener('focus', () => { over.hidden = false; });
  show({ query: '', items: [] });
  return { bar, over, close, focus: () => search.input.focus({ preventScroll: true }) };
}
