// One chat: header, messages, composer.
import { bubbleRows } from '/demo/bubble.js';
import { chatAvatar, chatName } from '/demo/avatar.js';
import { chatSearch } from '/demo/chat-search.js';
import { composer } from '/demo/composer.js';
import { connectionBanner, roundButton } from '/demo/parts.js';
import { counts } from '/demo/chat-copy.js';
import { duration, lastSeen, people, timeLeft } from '/demo/format.js';
import { dropping } from '/demo/dropping.js';
import { fill, h, keyed } from '/demo/dom.js';
import { icon } from '/demo/icons.js';
import { infoView } from '/demo/view-info.js';
import { stopSound } from '/demo/player.js';

const NEAR_PX = 90;

export function chatView(phone, copy) {
  const { client } = phone;
  const banner = connectionBanner(phone);
  const title = h('button', { class: 'bar-who', type: 'button', onclick: () => phone.open(infoView, copy) });
  const messages = h('div', { class: 'messages', role: 'log', 'aria-live': 'polite', 'aria-label': 'Messages' });
  const older = h('div', { class: 'older', 'aria-hidden': 'true' }, h('span', { class: 'spinner' }));
  const scroll = h('div', { class: 'scroll stage', tabindex: '0', role: 'group', 'aria-label': 'Conversation' }, older, messages);
  const jump = h('button', { class: 'jump', type: 'button', hidden: true, onclick: () => toEnd(true) });
  const write = composer(phone, copy, { sent: () => { view.firstNew = null; toEnd(); } });
  const el = h('section', { class: 'screen chat', 'aria-label': `Chat with ${chatName(client, copy)}` },
    h('header', { class: 'bar' }, roundButton('back', 'Back', () => phone.back(), { class: 'round back' }), title,
      roundButton('search', 'Search in this chat', openSearch),
      roundButton('info', 'Details', () => phone.open(infoView, copy))),
    banner.el, scroll, h('div', { class: 'jump-place' }, jump), write.el);

  const view = { el, update, close, jumpTo, id: copy.id, escape: () => (searching ? (searching.close(), true) : write.escape()), marking: () => marking, firstNew: firstUnread(client, copy), reply: write.reply, edit: write.edit };
  let sticky = true;
  let started = false;
  let opened = false; // whoever opens a chat has read it; later messages count when the end is in view
  let loading = false;
  let notBefore = 0;
  let head = '';
  let expiry = null;
  let counting = null;
  let searching = null;
  let marking = '';

  function update() {
    banner.update();
    drawHead();
    client.ensureMembers(copy);
    const fromEnd = scroll.scrollHeight - scroll.scrollTop;
    older.classList.toggle('on', copy.hasOlder);
    keyed(messages, bubbleRows(phone, copy, view));
    if (!started) start();
    else if (sticky) scroll.scrollTop = scroll.scrollHeight;
    else if (loading) scroll.scrollTop = scroll.scrollHeight - fromEnd;
    write.update();
    seen();
    if (started && scroll.scrollTop < 60) loadOlder();
    scheduleExpiry();
    countDown();
  }

  function start() {
    if (!el.isConnected) return;
    started = true;
    const divider = messages.querySelector('.unread-line');
    scroll.scrollTop = divider ? divider.offsetTop - 80 : scroll.scrollHeight;
    sticky = nearEnd();
    if (phone.wantsFocus) write.focus();
  }

  const nearEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_PX;

  function toEnd(smooth = false) {
    sticky = true;
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    scroll.scrollTo({ top: scroll.scrollHeight, behavior: smooth && !calm ? 'smooth' : 'auto' });
    update();
  }

  /** What is on the screen of a visible phone counts as read. */
  function seen() {
    if ((sticky || !opened) && started && phone.isVisible() && copy.marks.ack > copy.marks.read && client.marks.read(copy)) phone.changed();
    if (started && phone.isVisible()) opened = true;
    jump.hidden = sticky;
    const text = copy.unread ? `${copy.unread} new` : '';
    fill(jump, icon('down', { label: 'To the newest message' }), text);
  }

  function drawHead() {
    const note = headNote(client, copy);
    const online = client.people.presence.get(copy.meta.peerId)?.online;
    const next = JSON.stringify([chatName(client, copy), note, copy.meta.avatarUrl, online, copy.meta.autoDeleteTimer]);
    if (next === head) return;
    head = next;
    fill(title, chatAvatar(client, copy), h('span', { class: 'row-text' },
      h('span', { class: 'row-title', dir: 'auto' }, chatName(client, copy),
        copy.meta.autoDeleteTimer ? icon('timer', { label: `Messages disappear after ${duration(copy.meta.autoDeleteTimer)}`, kind: 'title-sign' }) : null),
      h('span', { class: `row-note ${note.typing ? 'typing' : ''}`, 'aria-live': 'polite' }, note.text)));
  }

  async function loadOlder() {
    if (loading || !copy.hasOlder || copy.left || Date.now() < notBefore || client.state !== 'ready') return;
    loading = true;
    const done = await phone.attempt(() => client.loadOlder(copy).then(() => true));
    update();
    loading = false;
    if (!done) notBefore = Date.now() + 5000;
  }

  function scheduleExpiry() {
    clearTimeout(expiry);
    const now = client.store.now;
    const next = Math.min(...copy.list(now).map((m) => (m.expiresAt ? Date.parse(m.expiresAt) : Infinity)));
    if (next < now + 86_400_000) expiry = setTimeout(() => phone.changed(), next - now + 50);
  }

  /** What is left of messages that disappear, second by second. */
  function countDown() {
    clearTimeout(counting);
    const shown = messages.querySelectorAll('.left');
    for (const left of shown) left.textContent = timeLeft(Date.parse(left.dataset.until) - client.store.now);
    if (shown.length) counting = setTimeout(countDown, 1000);
  }

  /** Shows one message, reading history until it is here. */
  async function jumpTo(seq, query) {
    if (query) marking = query;
    const waiting = phone.stack.includes(view) && el.isConnected;
    if (!waiting || !started) await new Promise((done) => { setTimeout(done, 60); });
    sticky = false;
    loading = true; // scrolling there asks for no page of its own
    messages.setAttribute('aria-busy', 'true');
    while (copy.low > seq && copy.hasOlder && phone.stack.includes(view)) {
      if (!await phone.attempt(() => client.loadOlder(copy, 200).then(() => true))) break;
    }
    update();
    loading = false;
    messages.removeAttribute('aria-busy');
    const target = messages.querySelector(`[data-seq="${seq}"]`);
    if (!target) return phone.toast('This message is not here any more.');
    target.scrollIntoView({ block: 'center' });
    sticky = nearEnd();
    target.classList.remove('found');
    void target.offsetWidth; // lets the same message light up again
    target.classList.add('found');
    target.setAttribute('tabindex', '-1');
    if (phone.wantsFocus) target.focus({ preventScroll: true });
    return seen();
  }

  function openSearch() {
    if (searching) return searching.focus();
    const [header] = el.children;
    searching = chatSearch(phone, copy, {
      jump: jumpTo,
      marking: (query) => { marking = query; phone.changed(); },
      closed: () => {
        searching = null;
        header.hidden = false;
        header.querySelector('[aria-label^="Search"]').focus({ preventScroll: true });
      },
    });
    header.hidden = true;
    header.before(searching.bar);
    el.append(searching.over);
    return searching.focus();
  }

  function close() {
    clearTimeout(expiry);
    clearTimeout(counting);
    searching?.close();
    stopSound();
    write.close();
  }

  scroll.addEventListener('scroll', () => {
    sticky = nearEnd();
    if (scroll.scrollTop < 120) loadOlder();
    seen();
  }, { passive: true });
  new ResizeObserver(() => { if (sticky && started) scroll.scrollTop = scroll.scrollHeight; }).observe(scroll);
  dropping(el, write.take);
  if (copy.meta.peerId) client.people.lookUp(copy.meta.peerId, { again: true });
  return view;
}

/** The seq of the first message that was unread when the chat was opened. */
function firstUnread(client, copy) {
  if (!copy.unread) return null;
  const others = copy.list(client.store.now).filter((m) => counts(m, client.me));
  return others.at(-Math.min(copy.unread, others.length))?.seq ?? null;
}

function headNote(client, copy) {
  const typing = [...copy.typing.keys()];
  if (typing.length && copy.isGroup) return { typing: true, text: `${client.people.name(typing[0])} is typing…` };
  if (typing.length) return { typing: true, text: 'typing…' };
  if (copy.left) return { text: 'you are no longer a member' };
  if (copy.isGroup) {
    const others = (copy.members ?? []).filter((m) => m.userId !== client.me).map((m) => m.displayName || client.people.name(m.userId));
    return { text: others.length ? [...others, 'you'].join(', ') : people(copy.meta.participantCount) };
  }
  const presence = client.people.presence.get(copy.meta.peerId);
  if (presence?.online) return { text: 'online' };
  const seen = presence?.lastSeen ?? client.people.get(copy.meta.peerId).lastSeen;
  return { text: seen ? lastSeen(seen) : 'tap for details' };
}
