// Searching everywhere: chats by their name, messages by their words.
import { chatAvatar, chatName } from '/demo/avatar.js';
import { fill, h } from '/demo/dom.js';
import { foundRow, foundState, searchField } from '/demo/search.js';
import { marked } from '/demo/marking.js';
import { people, phoneNumber } from '/demo/format.js';
import { roundButton, row } from '/demo/parts.js';

const MOST_CHATS = 5;

export function searchView(phone) {
  const { client } = phone;
  const search = searchField(phone, { label: 'Search chats and messages', show });
  const found = h('div', { class: 'found-list' });
  const state = h('div', { class: 'found-state', role: 'status' });
  const el = h('section', { class: 'screen', 'aria-label': 'Search' },
    h('header', { class: 'find-bar' }, roundButton('back', 'Back', () => phone.back(), { class: 'round back' }), search.input),
    h('div', { class: 'scroll' }, found, state));

  function show(now) {
    const chats = now.query ? matching(client, now.query) : [];
    fill(found,
      chats.length ? [h('h2', {}, 'Chats'), h('ul', {}, chats.map((copy) => chatRow(copy, now.query)))] : null,
      now.items.length ? [h('h2', {}, 'Messages'), h('ul', { 'aria-label': 'Messages found' }, now.items.map((message) => foundRow(phone, message, now.query, {
        onclick: () => phone.showChat(client.store.chats.get(message.chatId), { seq: message.seq, query: now.query }),
      })))] : null);
    foundState(state, chats.length && !now.items.length && !now.busy && !now.problem ? { ...now, query: '' } : now, {
      idle: chats.length ? 'No message has these words.' : 'Words of messages, captions, names of files and places. Beginnings of words will do.',
      again: search.again, next: search.more,
    });
  }

  function chatRow(copy, query) {
    const name = chatName(client, copy);
    const el = row({
      lead: chatAvatar(client, copy, 'small'), title: name, onclick: () => phone.showChat(copy),
      note: copy.isGroup ? people(copy.meta.participantCount) : phoneNumber(client.people.get(copy.meta.peerId).phone),
    });
    fill(el.querySelector('.row-title'), marked(name, query));
    return h('li', {}, el);
  }

  show({ query: '', items: [] });
  setTimeout(() => search.input.focus({ preventScroll: true }), 60);
  return { el, update() {}, close: search.close };
}

/** Chats whose name has every word of the query as a beginning. */
function matching(client, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return client.store.ordered().filter((copy) => {
    const parts = chatName(client, copy).toLowerCase().split(/\s+/);
    return words.every((word) => parts.some((part) => part.startsWith(word)));
  }).slice(0, MOST_CHATS);
}
