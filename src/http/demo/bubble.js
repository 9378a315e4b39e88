// Messages as the rows of a keyed list: day lines, system sentences, bubbles.
import { h } from '/demo/dom.js';
import { icon, tick } from '/demo/icons.js';
import { content } from '/demo/bubble-content.js';
import { dayLabel, fullTime, time, timeLeft, tone } from '/demo/format.js';
import { openMessageMenu, openWaitingMenu } from '/demo/message-menu.js';
import { openReactions, reactionChips, reactionSign } from '/demo/reactions.js';
import { quoteOf } from '/demo/quote.js';
import { isMedia, summary } from '/demo/summary.js';
import { systemText } from '/demo/system-text.js';
import { waitingIn } from '/demo/waiting.js';

const TOGETHER_MS = 5 * 60_000;
const ONLY_EMOJI = /^(?:\p{RI}{2}|\p{Extended_Pictographic}(?:\uFE0F|\u200D\p{Extended_Pictographic}|\p{Emoji_Modifier})*){1,3}$/u;

/** Everything the log of one chat shows, oldest first. */
export function bubbleRows(phone, copy, view) {
  const { client } = phone;
  const rows = [];
  const list = copy.list(client.store.now);
  const known = new Set(list.map((m) => m.clientMessageId).filter(Boolean));
  const waiting = waitingIn(client, copy.id).filter((item) => !known.has(item.clientMessageId));
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
  const sign = JSON.stringify([message.rev ?? 0, message.seq ?? 0, state, joined, sender, quote, message.isDeleted, message.failed, message.item?.state,
    message.isStarred, reactionSign(message), message.isDeleted ? '' : view.marking?.() ?? '']);
  return { key, sign, build: (isNew) => build({ phone, copy, view, message, own, state, sender, quote, joined, isNew }) };
}

function build({ phone, copy, view, message, own, state, sender, quote, joined, isNew }) {
  const menu = () => (message.waiting ? openWaitingMenu(phone, message) : openMessageMenu(phone, copy, view, message));
  const large = message.type === 'text' && !message.isDeleted && !quote && ONLY_EMOJI.test((message.payload?.content ?? '').trim());
  const media = isMedia(message) ? `media ${message.payload?.caption || message.type !== 'image' ? '' : 'bare'}` : '';
  const moment = view.el.isConnected && isNew ? 'fresh' : '';
  const body = h('div', { class: `bubble ${media} ${large ? 'large' : ''} ${message.isDeleted ? 'gone' : ''} ${state === 'failed' ? 'failed' : ''}`, dir: 'auto' }, // as the words run: its other parts have a direction of their own
    sender ? h('span', { class: `sender ink-${tone(message.senderId)}`, dir: 'auto' }, sender) : null,
    message.forwarded ? h('span', { class: 'forwarded', dir: 'ltr' }, 'Forwarded') : null,
    quote ? h('div', { class: 'quote', dir: 'ltr' }, h('b', { dir: 'auto' }, quote.who), h('span', { dir: 'auto' }, quote.text)) : null,
    content(phone, message, view),
    meta(phone, message, state));
  const chips = message.isDeleted || message.waiting ? null : reactionChips(phone, copy, message);
  const el = h('div', { class: `message ${own ? 'own' : 'theirs'} ${joined ? 'joined' : ''} ${chips ? 'has-reactions' : ''} ${moment}`, 'data-seq': message.seq },
    h('div', { class: 'said' }, body, chips),
    message.isDeleted && message.waiting ? null : h('button', { class: 'more', type: 'button', 'aria-label': `Actions for: ${summary(phone.client, message).slice(0, 60)}`, onclick: menu }, icon('more')));
  if (state === 'failed') body.append(h('p', { class: 'failure', dir: 'ltr' }, `${message.item?.passing ? 'Not sent yet' : 'Not sent'}: ${message.failed}`));
  body.addEventListener('contextmenu', (event) => {
    if (getSelection()?.toString()) return;
    event.preventDefault();
    menu();
  });
  body.addEventListener('dblclick', (event) => {
    if (message.waiting || message.isDeleted || event.target.closest('button, a, audio, video')) return;
    getSelection()?.removeAllRanges();
    openReactions(phone, copy, message.id);
  });
  return el;
}

/** The small print: star, how long it stays, edited, when, how far it got. */
function meta(phone, message, state) {
  const live = !message.isDeleted;
  return h('span', { class: 'meta', dir: 'ltr' },
    message.isStarred && live ? icon('starFull', { label: 'Starred', kind: 'is-star' }) : null,
    message.expiresAt && live ? [
      icon('timer', { label: `Disappears ${fullTime(message.expiresAt)}` }),
      h('span', { class: 'left', 'aria-hidden': 'true', 'data-until': message.expiresAt }, timeLeft(Date.parse(message.expiresAt) - phone.client.store.now)),
    ] : null,
    message.editedAt && live ? h('span', {}, 'edited') : null,
    h('time', { datetime: message.createdAt }, time(message.createdAt)),
    state && live ? tick(state) : null);
}
