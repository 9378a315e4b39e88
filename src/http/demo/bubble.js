// Messages as the rows of a keyed list: day lines, system sentences, bubbles.
import { h } from '/demo/dom.js';
import { icon, tick } from '/demo/icons.js';
import { dayLabel, time, tone } from '/demo/format.js';
import { openMessageMenu, openWaitingMenu } from '/demo/message-menu.js';
import { quoteOf } from '/demo/quote.js';
import { summary, summaryIcon } from '/demo/summary.js';
import { systemText } from '/demo/system-text.js';

const TOGETHER_MS = 5 * 60_000;
const LINK = /(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/;
const ONLY_EMOJI = /^(?:\p{RI}{2}|\p{Extended_Pictographic}(?:\uFE0F|\u200D\p{Extended_Pictographic}|\p{Emoji_Modifier})*){1,3}$/u;

/** Everything the log of one chat shows, oldest first. */
export function bubbleRows(phone, copy, view) {
  const { client } = phone;
  const rows = [];
  const list = copy.list(client.store.now);
  const known = new Set(list.map((m) => m.clientMessageId).filter(Boolean));
  const waiting = client.outbox.of(copy.id).filter((item) => !known.has(item.clientMessageId))
    .map((item) => ({ ...item, waiting: true, senderId: client.me, type: 'text', payload: { content: item.content } }));
  let day = '';
  let previous = null;
  for (const message of [...list, ...waiting]) {
    const label = dayLabel(message.createdAt);
    if (label !== day) rows.push(line(`day:${label}`, 'day-line', label));
    if (label !== day) previous = null;
    day = label;
    if (view.firstNew && message.seq === view.firstNew) rows.push(line('unread', 'unread-line', 'New messages'));
    if (message.type === 'system') {
      rows.push(line(message.id, 'system-line', systemText(client, message)));
      previous = null;
      continue;
    }
    rows.push(bubble(phone, copy, view, message, joins(previous, message)));
    previous = message;
  }
  if (copy.typing.size) rows.push(typing());
  return rows;
}

const joins = (a, b) => Boolean(a && a.senderId === b.senderId && Date.parse(b.createdAt) - Date.parse(a.createdAt) < TOGETHER_MS);

function line(key, kind, text) {
  return { key, sign: text, build: () => h('div', { class: kind }, h('span', {}, text)) };
}

function typing() {
  const build = () => h('div', { class: 'message theirs fresh', 'aria-hidden': 'true' },
    h('div', { class: 'bubble typing-bubble' }, h('i'), h('i'), h('i')));
  return { key: 'typing', sign: '', build };
}

function bubble(phone, copy, view, message, joined) {
  const { client } = phone;
  const own = message.senderId === client.me;
  const state = message.waiting ? (message.failed ? 'failed' : 'waiting') : own ? copy.tickOf(message, client.me) : null;
  const sender = copy.isGroup && !own && !joined ? client.people.name(message.senderId) : null;
  const quote = message.replyToId && !message.isDeleted ? quoteOf(phone, copy, message.replyToId) : null;
  const key = own && message.clientMessageId ? `own:${message.clientMessageId}` : message.id;
  const sign = JSON.stringify([message.rev ?? 0, message.seq ?? 0, state, joined, sender, quote, message.isDeleted, message.failed]);
  return { key, sign, build: (isNew) => build({ phone, copy, view, message, own, state, sender, quote, joined, isNew }) };
}

function build({ phone, copy, view, message, own, state, sender, quote, joined, isNew }) {
  const menu = () => (message.waiting ? openWaitingMenu(phone, message) : openMessageMenu(phone, copy, view, message));
  const large = message.type === 'text' && !message.isDeleted && !quote && ONLY_EMOJI.test((message.payload?.content ?? '').trim());
  const moment = view.el.isConnected && isNew ? 'fresh' : '';
  const body = h('div', { class: `bubble ${large ? 'large' : ''} ${message.isDeleted ? 'gone' : ''} ${state === 'failed' ? 'failed' : ''}`, dir: 'auto' }, // as the words run: its other parts have a direction of their own
    sender ? h('span', { class: `sender ink-${tone(message.senderId)}`, dir: 'auto' }, sender) : null,
    message.forwarded ? h('span', { class: 'forwarded', dir: 'ltr' }, 'Forwarded') : null,
    quote ? h('div', { class: 'quote', dir: 'ltr' }, h('b', { dir: 'auto' }, quote.who), h('span', { dir: 'auto' }, quote.text)) : null,
    content(message, own, phone.client),
    h('span', { class: 'meta', dir: 'ltr' },
      message.expiresAt && !message.isDeleted ? icon('timer', { label: 'Disappears' }) : null,
      message.editedAt && !message.isDeleted ? h('span', {}, 'edited') : null,
      h('time', { datetime: message.createdAt }, time(message.createdAt)),
      state && !message.isDeleted ? tick(state) : null));
  const el = h('div', { class: `message ${own ? 'own' : 'theirs'} ${joined ? 'joined' : ''} ${moment}` },
    body,
    message.isDeleted && message.waiting ? null : h('button', { class: 'more', type: 'button', 'aria-label': `Actions for: ${summary(phone.client, message).slice(0, 60)}`, onclick: menu }, icon('more')));
  if (state === 'failed') body.append(h('p', { class: 'failure', dir: 'ltr' }, `Not sent: ${message.failed}`));
  body.addEventListener('contextmenu', (event) => {
    if (getSelection()?.toString()) return;
    event.preventDefault();
    menu();
  });
  body.addEventListener('dblclick', () => { if (!message.waiting && !message.isDeleted) view.reply(message); });
  return el;
}

function content(message, own, client) {
  const { type, payload } = message;
  if (message.isDeleted) return h('p', { class: 'words' }, icon('block'), ' ', summary(client, message));
  if (type === 'text') return h('p', { class: 'words' }, linked(payload?.content ?? ''));
  if (type === 'location') return place(payload ?? {});
  if (summaryIcon(message)) return attachment(message, client);
  return h('p', { class: 'words unsupported' }, icon('info'), ' Unsupported message');
}

/** Text with its web addresses as links; everything stays a text node. */
function linked(text) {
  return text.split(LINK).map((part, at) => (at % 2
    ? h('a', { href: part, target: '_blank', rel: 'noopener noreferrer' }, part) : part));
}

function place({ latitude, longitude, name, address }) {
  return h('div', { class: 'attachment' }, h('span', { class: 'attachment-icon' }, icon('pinPlace')),
    h('span', { class: 'row-text' }, h('b', {}, name || 'Location'),
      h('span', {}, address || `${Number(latitude).toFixed(4)}, ${Number(longitude).toFixed(4)}`)));
}

function attachment(message, client) {
  const { caption, fileName, fileSize } = message.payload ?? {};
  const kind = { image: 'Photo', video: 'Video', audio: 'Audio', document: 'Document' }[message.type];
  const size = fileSize ? `${Math.max(1, Math.round(fileSize / 1024))} kB` : null;
  return h('div', { class: 'attachment' }, h('span', { class: 'attachment-icon' }, icon(summaryIcon(message))),
    h('span', { class: 'row-text' }, h('b', {}, fileName || kind), caption || size ? h('span', {}, caption || size) : null));
}
