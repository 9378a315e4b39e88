// Hot chats in one of three orders.

import { fill, h } from './dom.js';
import { ago, count, ms, rate, short } from './format.js';

const ORDERS = [['rate', 'Rate'], ['mailbox', 'Mailbox'], ['members', 'Members']];

export function orders(el, chosen, choose) {
  fill(el, ORDERS.map(([key, name]) => h('button', {
    type: 'button', 'aria-pressed': String(key === chosen), onclick: () => choose(key),
  }, name)));
}

export function showChats(el, { items, unanswered }, now, open) {
  const missing = unanswered.map((node) => h('p', { class: 'problem' }, `${node.address} did not answer: ${node.problem}`));
  if (items.length === 0) {
    fill(el, missing, h('p', { class: 'empty' }, 'No chat has an actor now. One gets it with its next message.'));
    return;
  }
  const numbers = ['Per second', 'Waiting', 'In flight', 'Members', 'Online', 'Head', 'Wait'];
  fill(el, missing, h('div', { class: 'scroll' }, h('table', {},
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Chat'),
      numbers.map((name) => h('th', { scope: 'col', class: 'number' }, name)), h('th', { scope: 'col' }, 'Active'))),
    h('tbody', {}, items.map((chat) => h('tr', { class: 'row', onclick: () => open(chat.chatId) },
      h('td', {}, h('button', { type: 'button', class: 'link', title: chat.chatId, 'aria-label': `Chat ${chat.chatId}` }, short(chat.chatId)),
        ' ', h('span', { class: 'faint' }, chat.type ?? 'loading')),
      [rate(chat.ratePerSecond), count(chat.mailbox), count(chat.inFlight), count(chat.members), count(chat.online),
        `${count(chat.headSeq)}`, ms(chat.mailboxWaitMs)].map((value) => h('td', { class: 'number' }, value)),
      h('td', { class: 'faint' }, ago(chat.lastActiveAt, now))))))));
}
