// Reactions: the chips under a bubble, and where an emoji is picked.
import { avatar } from '/demo/avatar.js';
import { h } from '/demo/dom.js';
import { list } from '/demo/format.js';
import { openSheet } from '/demo/sheet.js';
import { row, section } from '/demo/parts.js';

const QUICK = ['👍', '❤️', '😂', '😮', '😢', '🙏'];
const MORE = ['👏', '🎉', '🔥', '💯', '😍', '🥰', '😊', '😉', '😎', '🤔', '🙄', '😴', '😅', '🤣', '😭', '😡', '🤯', '😱',
  '🥳', '🤝', '👋', '👌', '✌️', '💪', '👀', '🙈', '🎭', '🌹', '☕', '🍻', '🍀', '⭐', '✅', '❌', '❓', '👎'];

/** Emoji → who used it, those of most people first. */
function tally(message) {
  const by = new Map();
  for (const [userId, emoji] of Object.entries(message.reactions ?? {})) by.set(emoji, [...(by.get(emoji) ?? []), userId]);
  return [...by].sort((a, b) => b[1].length - a[1].length);
}

/** What the chips show, for a row's sign. */
export const reactionSign = (message) => Object.entries(message.reactions ?? {}).flat().join();

export function reactionChips(phone, copy, message) {
  const { client } = phone;
  const name = (id) => (id === client.me ? 'you' : client.people.name(id));
  const chips = tally(message).map(([emoji, users]) => {
    const mine = users.includes(client.me);
    const who = `${emoji} ${list(users.map(name))}`;
    return h('button', {
      class: `reaction ${mine ? 'mine' : ''}`, type: 'button', title: who, 'aria-label': `Reaction ${who}`,
      onclick: () => openReactions(phone, copy, message.id),
    }, h('span', { class: 'emoji' }, emoji), users.length > 1 ? h('span', {}, String(users.length)) : null);
  });
  return chips.length ? h('div', { class: 'reactions' }, chips) : null;
}

/** Sets mine, or takes it back when it is the same. */
export function react(phone, copy, message, emoji) {
  const { api, me } = phone.client;
  return phone.attempt(async () => {
    const path = `/messages/${message.id}/reaction`;
    if (message.reactions?.[me] === emoji) await api.delete(path);
    else copy.put(await api.put(path, { emoji }), me);
    phone.changed();
  });
}

function choice(phone, copy, message, emoji) {
  const mine = message.reactions?.[phone.client.me] === emoji;
  return h('button', {
    class: 'pick', type: 'button', 'aria-pressed': String(mine), 'aria-label': mine ? `${emoji}, take it back` : `React with ${emoji}`,
    onclick: () => {
      phone.closeSheet?.();
      react(phone, copy, message, emoji);
    },
  }, emoji);
}

/** The usual six and mine, with a way to all of them; for the top of a message's menu. */
export function reactionBar(phone, copy, message) {
  const own = message.reactions?.[phone.client.me];
  const offered = own && !QUICK.includes(own) ? [own, ...QUICK.slice(0, 5)] : QUICK;
  return h('div', { class: 'picks-bar', role: 'group', 'aria-label': 'React' },
    offered.map((emoji) => choice(phone, copy, message, emoji)),
    h('button', { class: 'pick more-picks', type: 'button', 'aria-label': 'More reactions', onclick: () => openReactions(phone, copy, message.id) }, '+'));
}

/** Who reacted how, and every emoji to react with. */
export function openReactions(phone, copy, messageId) {
  const { client } = phone;
  const message = copy.messages.get(messageId);
  if (!message || message.isDeleted) return;
  const people = Object.entries(message.reactions ?? {}).map(([userId, emoji]) => {
    const own = userId === client.me;
    const name = own ? 'You' : client.people.name(userId);
    return row({
      lead: avatar({ id: userId, name: client.people.name(userId), url: client.people.get(userId).avatarUrl, size: 'small' }),
      title: name, note: own && !copy.left ? 'Tap to take it back' : null, trail: h('span', { class: 'emoji-large' }, emoji),
      onclick: own && !copy.left ? () => { phone.closeSheet?.(); react(phone, copy, message, emoji); } : null,
    });
  });
  const grid = copy.left ? null : h('div', { class: 'picks-grid', role: 'group', 'aria-label': 'React' },
    [...QUICK, ...MORE].map((emoji) => choice(phone, copy, message, emoji)));
  openSheet(phone, { title: people.length ? 'Reactions' : 'React', body: [people.length ? section(null, people) : null, grid] });
}
