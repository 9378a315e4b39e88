// A phone that sleeps: its socket is closed, and what arrives comes as pushes on the lock screen. Awake, those
// not looked at yet wait behind the bell.
import { chatAvatar, chatName } from '/demo/avatar.js';
import { fill, h, keyed } from '/demo/dom.js';
import { icon } from '/demo/icons.js';
import { listTime, time } from '/demo/format.js';
import { openSheet } from '/demo/sheet.js';
import { summary } from '/demo/summary.js';

const today = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });

export function night(phone) {
  const { client } = phone;
  const clock = h('time', { class: 'night-clock' });
  const date = h('p', { class: 'night-date' });
  const notes = h('ul', { class: 'notes', 'aria-live': 'polite', 'aria-label': 'Notifications' });
  const quiet = h('p', { class: 'night-quiet' });
  const el = h('section', { class: 'night', 'aria-label': 'Lock screen', hidden: true },
    h('div', { class: 'night-top' }, clock, date),
    h('div', { class: 'night-notes' }, notes, quiet),
    h('button', { class: 'night-wake', type: 'button', onclick: () => phone.sleep(false) }, icon('moon'), h('span', {}, 'Wake up')));
  const bell = h('button', { class: 'bell', type: 'button', hidden: true, onclick: openShade }, icon('bell'), h('span'));

  function open(note) {
    client.pushes.opened(note.chatId);
    phone.closeSheet?.();
    phone.sleep(false);
    const copy = client.store.chats.get(note.chatId);
    if (copy) phone.showChat(copy);
  }

  function noteRow(note) {
    const copy = client.store.chats.get(note.chatId);
    const text = words(client, copy, note);
    return {
      key: note.chatId,
      sign: JSON.stringify([text, note.at, note.count, copy?.meta.avatarUrl]),
      build: () => h('li', {}, h('button', { class: 'note', type: 'button', onclick: () => open(note) },
        copy ? chatAvatar(client, copy, 'small') : null,
        h('span', { class: 'row-text' },
          h('span', { class: 'row-line' }, h('b', { dir: 'auto' }, copy ? chatName(client, copy) : 'Troupe'), h('time', {}, listTime(note.at))),
          h('span', { class: 'two-lines', dir: 'auto' }, text)))),
    };
  }

  function openShade() {
    const rows = h('ul', { class: 'notes' });
    keyed(rows, client.pushes.list().map(noteRow));
    openSheet(phone, { title: 'While it slept', body: [rows] });
  }

  function update() {
    const list = client.session.signedIn ? client.pushes.list() : [];
    bell.hidden = client.asleep || !list.length;
    bell.lastChild.textContent = String(list.length);
    bell.setAttribute('aria-label', `${list.length} ${list.length === 1 ? 'notification' : 'notifications'}`);
    if (el.hidden === client.asleep) {
      el.hidden = !client.asleep;
      phone.panes.inert = client.asleep;
      if (client.asleep && phone.wantsFocus) el.querySelector('.night-wake').focus({ preventScroll: true });
    }
    if (el.hidden) return;
    clock.textContent = time(Date.now());
    date.textContent = today.format(new Date());
    keyed(notes, list.map(noteRow));
    const told = list.length ? '' : client.pushes.available
      ? 'Asleep: the socket is closed. Write from the other phone, and it comes here as a push.'
      : 'Asleep: the socket is closed. This server hands its pushes to real devices, so none are shown here.';
    if (quiet.textContent !== told) fill(quiet, told);
  }
  return { el, bell, update };
}

/** What a push says of a chat, once its words were read. */
function words(client, copy, note) {
  if (!copy) return 'Something new';
  const message = copy.last(client.store.now);
  if (note.kind === 'added' && (!message || message.type === 'system')) return 'You were added to this group';
  if (!message) return 'Something new';
  const who = copy.isGroup && message.type !== 'system' ? `${client.people.name(message.senderId)}: ` : '';
  return `${who}${summary(client, message)}${copy.unread > 1 ? ` (${copy.unread} new)` : ''}`;
}
