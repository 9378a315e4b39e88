// About a chat: the person or the group, and what can be set.
import { chatAvatar, chatName } from '/demo/avatar.js';
import { changeableFace } from '/demo/face.js';
import { choice, row, section, toggle, topBar } from '/demo/parts.js';
import { confirmSheet } from '/demo/sheet.js';
import { fill, h } from '/demo/dom.js';
import { groupSettings, memberCard } from '/demo/group-info.js';
import { icon } from '/demo/icons.js';
import { duration, fullTime, people, phoneNumber } from '/demo/format.js';

const TIMERS = [30, 300, 3600, 86_400, 604_800];

export function infoView(phone, copy) {
  const { client } = phone;
  const scroll = h('div', { class: 'scroll padded' });
  const el = h('section', { class: 'screen', 'aria-label': 'Details' }, topBar(phone, copy.isGroup ? 'Group' : 'Person'), scroll);
  let shown = '';

  function update() {
    client.ensureMembers(copy);
    const person = client.people.get(copy.meta.peerId);
    const next = JSON.stringify([copy.meta, copy.members, copy.left, copy.asked, person, client.store.blocked.has(copy.meta.peerId)],
      (key, value) => (key === 'lastMessage' || key === 'unreadCount' ? undefined : value));
    if (next === shown || scroll.contains(document.activeElement) && document.activeElement.matches('input, textarea')) return;
    shown = next;
    const at = scroll.scrollTop;
    const focused = [...scroll.querySelectorAll('button, select')].indexOf(document.activeElement);
    fill(scroll, face(phone, copy), copy.left ? gone() : [
      mine(phone, copy), timer(phone, copy),
      copy.isGroup ? [groupSettings(phone, copy), memberCard(phone, copy)] : null,
      last(phone, copy)]);
    scroll.scrollTop = at;
    if (focused >= 0) scroll.querySelectorAll('button, select')[focused]?.focus({ preventScroll: true });
  }
  if (!copy.left) {
    client.refreshMeta(copy);
    copy.rosterStale = true;
    if (!copy.isGroup) client.people.lookUp(copy.meta.peerId, { again: true });
  }
  return { el, update };
}

function face(phone, copy) {
  const person = phone.client.people.get(copy.meta.peerId);
  return h('div', { class: 'face' },
    copy.isGroup && copy.meta.myRole === 'admin' && !copy.left ? changeableFace(phone, chatAvatar(phone.client, copy, 'huge'), {
      label: 'Change the group’s picture', has: Boolean(copy.meta.avatarUrl),
      set: async (avatarMediaId) => {
        copy.mergeMeta(await phone.client.api.patch(`/chats/${copy.id}`, { avatarMediaId }));
        phone.changed();
      },
    }) : chatAvatar(phone.client, copy, 'huge'),
    h('h2', {}, chatName(phone.client, copy)),
    h('p', {}, copy.isGroup ? people(copy.meta.participantCount) : phoneNumber(person.phone)),
    copy.isGroup ? copy.meta.description && h('p', { class: 'about-text' }, copy.meta.description)
      : person.statusText && h('p', { class: 'about-text' }, `“${person.statusText}”`));
}

/** Sends one change of a chat and takes the answer, or what it must have become; true when it was taken. */
export function changeChat(phone, copy, work, becomes) {
  return phone.attempt(async () => {
    const answer = await work();
    copy.mergeMeta(answer?.id === copy.id ? answer : becomes);
    return true;
  }).finally(() => {
    copy.asked = (copy.asked ?? 0) + 1; // what was refused is shown as it is
    phone.changed();
  });
}

function mine(phone, copy) {
  const { api } = phone.client;
  const path = `/chats/${copy.id}`;
  const until = copy.meta.isMuted && copy.meta.muteUntil ? copy.meta.muteUntil : null;
  const quiet = !copy.meta.isMuted ? 'on' : until ? 'until' : 'always';
  const mute = (value) => {
    if (value === 'on') return changeChat(phone, copy, () => api.delete(`${path}/mute`), { isMuted: false, muteUntil: null });
    if (value === 'until') return undefined;
    const body = value === 'always' ? {} : { until: new Date(phone.client.store.now + Number(value) * 1000).toISOString() };
    return changeChat(phone, copy, () => api.put(`${path}/mute`, body), { isMuted: true, muteUntil: body.until ?? null });
  };
  return section(null,
    choice({
      title: 'Notifications', value: quiet, change: mute,
      options: [['on', 'On'], until ? ['until', `Muted until ${fullTime(until)}`] : null, ['28800', 'Mute for 8 hours'], ['604800', 'Mute for a week'], ['always', 'Mute always']].filter(Boolean),
    }),
    toggle({
      title: 'Pin', note: 'Keep it on top of the list', on: copy.meta.isPinned,
      change: (on) => changeChat(phone, copy, () => (on ? api.put(`${path}/pin`) : api.delete(`${path}/pin`)), { isPinned: on }),
    }));
}

function timer(phone, copy) {
  const { api } = phone.client;
  const now = copy.meta.autoDeleteTimer ?? 0;
  const told = now ? `What is written now is gone for everyone ${duration(now)} later. Earlier messages stay.`
    : 'Set a time, and what is written after that vanishes for everyone.';
  if (copy.isGroup && copy.meta.myRole !== 'admin') {
    return now ? section('Disappearing messages', row({ lead: icon('timer'), title: `After ${duration(now)}`, note: 'Only admins can change this' })) : null;
  }
  const times = [...new Set([...TIMERS, now])].filter(Boolean).sort((a, b) => a - b);
  return section('Disappearing messages', choice({
    title: 'Timer', value: String(now),
    options: [['0', 'Off'], ...times.map((s) => [String(s), `After ${duration(s)}`])],
    change: (value) => changeChat(phone, copy, () => (value === '0'
      ? api.delete(`/chats/${copy.id}/auto-delete`)
      : api.put(`/chats/${copy.id}/auto-delete`, { seconds: Number(value) })), { autoDeleteTimer: Number(value) || null }),
  }), h('p', { class: 'hint inset' }, told));
}

function last(phone, copy) {
  const { client } = phone;
  const button = (label, sign, onclick) => h('button', { class: 'action danger', type: 'button', onclick }, icon(sign), h('span', {}, label));
  if (copy.isGroup) {
    return section(null, button('Leave group', 'leave', () => confirmSheet(phone, {
      title: 'Leave this group?', text: 'You keep what was said until now.', label: 'Leave',
      run: () => phone.attempt(() => client.api.post(`/chats/${copy.id}/leave`)),
    })));
  }
  const { peerId } = copy.meta;
  if (client.store.blocked.has(peerId)) return section(null, button('Unblock', 'block', () => unblock(phone, peerId)));
  return section(null, button('Block', 'block', () => confirmSheet(phone, {
    title: `Block ${chatName(client, copy)}?`, text: 'Neither of you can write to the other then.', label: 'Block',
    run: () => phone.attempt(async () => {
      await client.api.put(`/users/contacts/${peerId}/block`);
      client.store.blocked.add(peerId);
      phone.changed();
    }),
  })));
}

export function unblock(phone, userId) {
  return phone.attempt(async () => {
    await phone.client.api.delete(`/users/contacts/${userId}/block`);
    phone.client.store.blocked.delete(userId);
    phone.changed();
  });
}

function gone() {
  return section(null, h('p', { class: 'notice' }, 'You are no longer in this group.'));
}
